import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@sriov/testing';
import { Turns } from './turns.ts';

let clock: FakeClock;
let turns: Turns;
let begun: string[];

beforeEach(() => {
  clock = new FakeClock();
  turns = new Turns((ms, signal) => clock.sleep(ms, signal));
  begun = [];
});

const take = (name: string, ms: number): Promise<string> =>
  turns.take(async () => {
    begun.push(name);
    await clock.sleep(ms);
    return name;
  });

describe('turns', () => {
  it('are taken one after the other, in the order in which they were asked for', async () => {
    const ended = Promise.all([take('a', 500), take('b', 500), take('c', 500)]);
    await clock.advance(400);
    expect(begun).toEqual(['a']);
    await clock.advance(500);
    expect(begun).toEqual(['a', 'b']);
    await clock.advance(1_000);
    expect(await ended).toEqual(['a', 'b', 'c']);
  });

  it('are no longer taken once one has taken longer than devices do', async () => {
    const ended = Promise.all([take('a', 10_000), take('b', 500), take('c', 500)]);
    await clock.advance(1_000);
    expect(begun).toEqual(['a', 'b', 'c']);
    await clock.advance(10_000);
    expect(await ended).toEqual(['a', 'b', 'c']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { Passes } from './passes.ts';

/** Passes that a test ends by hand, in order. */
function byHand(): { passes: Passes; begun: number[]; end: (error?: Error) => void } {
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const passes = new Passes(() => {
    begun.push(begun.length);
    return new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve() : reject(error))));
  });
  return { passes, begun, end: (error) => ends.shift()?.(error) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('passes', () => {
  it('run one after the other, and one serves all that was asked while another ran', async () => {
    const { passes, begun, end } = byHand();
    const told: string[] = [];
    void passes.request().then(() => told.push('first'));
    await turn();
    for (const name of ['second', 'third']) void passes.request().then(() => told.push(name));
    await turn();
    expect([begun.length, told]).toEqual([1, []]);
    end();
    await turn();
    expect([begun.length, told]).toEqual([2, ['first']]);
    end();
    await turn();
    expect([begun.length, told]).toEqual([2, ['first', 'second', 'third']]);
  });

  it('go on after one that failed, whose failure only those hear who asked for it', async () => {
    const { passes, begun, end } = byHand();
    const failed = passes.request();
    await turn();
    const next = passes.request();
    end(new Error('no devices'));
    await expect(failed).rejects.toThrow('no devices');
    await turn();
    expect(begun.length).toBe(2);
    end();
    await next;
  });

  it('begin no more once they are to end, and the end waits for the one that runs', async () => {
    const { passes, begun, end } = byHand();
    const running = passes.request();
    await turn();
    const late = passes.request();
    const told: string[] = [];
    const ended = passes.end().then(() => told.push('ended'));
    await turn();
    expect(told).toEqual([]);
    end();
    await running;
    await expect(late).rejects.toThrow('the device plugin is stopping');
    await expect(passes.request()).rejects.toThrow('the device plugin is stopping');
    await ended;
    expect(begun.length).toBe(1);
  });

  it('end at once when none runs, also after one that failed', async () => {
    const { passes, end } = byHand();
    const failed = passes.request();
    await turn();
    end(new Error('no devices'));
    await expect(failed).rejects.toThrow('no devices');
    await passes.end();
  });
});

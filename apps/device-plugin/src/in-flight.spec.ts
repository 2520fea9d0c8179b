import { describe, expect, it } from '@jest/globals';
import { InFlight } from './in-flight.ts';

describe('the devices in flight', () => {
  it('are told until their work is done, well or not', async () => {
    const inFlight = new InFlight();
    const done = inFlight.during('a/b', ['0', '1'], () => Promise.resolve('given'));
    const failed = inFlight.during('a/c', ['2'], () => Promise.reject(new Error('no')));
    expect([...inFlight.devices]).toEqual([
      ['0', 'a/b'],
      ['1', 'a/b'],
      ['2', 'a/c'],
    ]);
    expect(await done).toBe('given');
    await expect(failed).rejects.toThrow('no');
    expect(inFlight.devices.size).toBe(0);
  });

  it('are settled when nothing is left, work that began meanwhile included', async () => {
    const inFlight = new InFlight();
    const told: string[] = [];
    const [first, second] = [Promise.resolve(), new Promise((resolve) => setImmediate(resolve))];
    void inFlight.during('a/b', ['0'], () => first);
    const settled = inFlight.settled().then(() => told.push('settled'));
    void inFlight.during('a/b', ['1'], () => second).then(() => told.push('done'));
    await settled;
    expect(told).toEqual(['done', 'settled']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.ts';

describe('Slots', () => {
  it('runs so many at a time, the others in order, and goes on after a failure', async () => {
    const slots = new Slots(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const work = (index: number): Promise<void> =>
      slots.run(async () => {
        begun.push(index);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (index === 0) throw new Error('no');
      });
    const results = [0, 1, 2, 3].map((index) => work(index).catch(() => 'failed'));
    const turn = (): Promise<void> => new Promise(setImmediate);
    await turn();
    expect(begun).toEqual([0, 1]);
    ends[0]?.();
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    for (let index = 1; index < 4; index += 1) {
      ends[index]?.();
      await turn();
    }
    expect(begun).toEqual([0, 1, 2, 3]);
    expect(await Promise.all(results)).toEqual(['failed', undefined, undefined, undefined]);
  });
});

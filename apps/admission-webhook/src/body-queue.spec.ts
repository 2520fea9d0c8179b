import { describe, expect, it } from '@jest/globals';
import { BodyQueue } from './body-queue.ts';

const LARGE = 1_000_000;

describe('a body queue', () => {
  it('lets small bodies through at once, whatever waits', async () => {
    const queue = new BodyQueue();
    const order: string[] = [];
    const large = [1, 2, 3].map(async (each) => {
      await queue.turn(LARGE);
      order.push(`large ${each}`);
    });
    await queue.turn(1_000);
    order.push('small');
    await Promise.all(large);
    expect(order).toEqual(['small', 'large 1', 'large 2', 'large 3']);
  });

  it('reads one large body in a turn of the event loop', async () => {
    const queue = new BodyQueue();
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await queue.turn(LARGE);
        seen.push(turns);
      }),
    );
    isOver = true;
    expect(new Set(seen).size).toBe(5);
  });

  it('holds no more than 16 MiB of large bodies, one of any size, and has room again when they are done with', () => {
    const queue = new BodyQueue();
    const leave = Array.from({ length: 17 }, () => queue.enter(LARGE));
    expect(leave.map((each) => each !== undefined)).toEqual([...Array<boolean>(16).fill(true), false]);
    expect(queue.enter(1_000)).toBeDefined();
    leave[0]?.();
    expect(queue.enter(LARGE)).toBeDefined();
    expect(new BodyQueue().enter(32 * LARGE)).toBeDefined();
  });
});

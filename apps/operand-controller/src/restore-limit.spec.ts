import { expect, it } from '@jest/globals';
import { RestoreLimit } from './restore-limit.ts';

it('an operand is put back five times in a minute, and then when the first of them is a minute ago', () => {
  let now = 100;
  const limit = new RestoreLimit(() => now);
  const waits = Array.from({ length: 7 }, () => {
    const ms = limit.take('a');
    now += 1_000;
    return ms;
  });
  expect(waits).toEqual([0, 0, 0, 0, 0, 55_000, 54_000]);
  expect(limit.take('b')).toBe(0);
  now = 60_100;
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 1_000]);
});

import { describe, expect, it } from '@jest/globals';
import { readLimit } from './max-unavailable.ts';

describe('how many nodes of a pool may be unavailable', () => {
  it.each<[string, number | string | undefined, number, number]>([
    ['all where nothing is said', undefined, 10, Infinity],
    ['the number that is said', 3, 10, 3],
    ['none where 0 is said', 0, 10, 0],
    ['a percentage, rounded down', '33%', 10, 3],
    ['all by percentage', '100%', 4, 4],
    ['one where a percentage would come to none', '30%', 1, 1],
    ['one also in a pool without nodes', '50%', 0, 1],
  ])('is %s', (_, value, size, limit) => {
    expect(readLimit(value, size)).toBe(limit);
  });

  it.each([-1, 1.5, '0%', '101%', '3', 'abc', '', '1e2%'])('is not known for %p', (value) => {
    expect(readLimit(value, 10)).toContain(`maxUnavailable is "${value}"`);
  });
});

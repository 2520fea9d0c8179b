import { describe, expect, it } from '@jest/globals';
import { quantile } from './quantile.ts';

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  it.each([
    [hundred, 0.5, 50],
    [hundred, 0.99, 99],
    [hundred, 1, 100],
    [[7], 0.01, 7],
  ])('takes the nearest rank', (values, q, expected) => {
    expect(quantile(values, q)).toBe(expected);
  });
});

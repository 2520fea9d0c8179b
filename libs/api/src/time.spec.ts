import { describe, expect, it } from '@jest/globals';
import { formatMicroTime, formatTime } from './time.ts';

const moment = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe('a moment', () => {
  it.each([
    ['of a condition has seconds, cut off and not rounded', formatTime, '2026-01-02T03:04:05Z'],
    ['of a Lease has six digits after the second', formatMicroTime, '2026-01-02T03:04:05.678000Z'],
  ])('%s', (_, format, expected) => {
    expect(format(moment)).toBe(expected);
    expect(Math.abs(Date.parse(format(moment)) - moment)).toBeLessThan(1000);
  });
});

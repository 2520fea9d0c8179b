import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Backoff } from './backoff.ts';

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('Backoff', () => {
  it('stays between base and maximum, and rises to at most three times the delay before', () => {
    fc.assert(
      fc.property(fc.array(fraction, { minLength: 1, maxLength: 50 }), (draws) => {
        const random = draws.values();
        const backoff = new Backoff({ baseMs: 100, maxMs: 5_000, random: () => random.next().value ?? 0 });
        let before = 100;
        for (const _ of draws) {
          const delay = backoff.next();
          expect(delay).toBeGreaterThanOrEqual(100);
          expect(delay).toBeLessThanOrEqual(Math.min(5_000, before * 3));
          before = delay;
        }
      }),
    );
  });

  it('starts again after a success', () => {
    const backoff = new Backoff({ baseMs: 100, maxMs: 5_000, random: () => 0.5 });
    const first = [backoff.next(), backoff.next(), backoff.next()];
    backoff.reset();
    expect([backoff.next(), backoff.next(), backoff.next()]).toEqual(first);
    expect(first).toEqual([200, 350, 575]);
  });
});

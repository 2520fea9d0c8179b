import { describe, expect, it } from '@jest/globals';
import { createLogger, Metrics } from '@sriov/runtime';
import { FakeClock } from '@sriov/testing';
import { observed } from './observed.ts';
import { type Question } from './review.ts';

describe('the duration of a review', () => {
  it.each([
    ['on', 3_600_000],
    ['back', -3_600_000],
  ])('is what it took, though somebody sets the clock %s meanwhile', async (_, ms) => {
    const clock = new FakeClock();
    const metrics = new Metrics();
    const log = createLogger({ service: 'spec', level: 'silent' });
    const judge = (): string => {
      clock.jump(ms);
      return 'no answer';
    };
    const { '/validate': respond } = observed({ '/validate': judge }, { metrics, log, clock });
    const question: Question = {
      uid: 'u',
      operation: 'CREATE',
      object: { kind: 'SriovNetwork', metadata: { name: 'n' } },
      oldObject: undefined,
    };
    expect(respond?.(question)).toBe('no answer');
    const text = await metrics.text();
    expect(text).toContain('sriov_admission_review_duration_seconds_sum{path="/validate"} 0\n');
    expect(text).toContain('sriov_admission_review_duration_seconds_bucket{le="0.001",path="/validate"} 1\n');
  });
});

import { describe, expect, it } from '@jest/globals';
import { drainTimes, readDrainPolicy, readPastTime } from './drain-policy.ts';

describe('how the nodes of a pool are drained', () => {
  it('is with patience where nothing is said', () => {
    expect(readDrainPolicy(undefined)).toEqual({ onTimeout: 'wait' });
    expect(readDrainPolicy({ timeoutSeconds: 60 })).toMatchObject({ onTimeout: 'wait', timeoutMs: 60_000 });
  });

  const policy = readDrainPolicy({ timeoutSeconds: 60, onTimeout: 'release' });
  const noon = Date.UTC(2026, 4, 1, 12);

  it('is too long at the end of its time, counted from its grant', () => {
    const grantedAt = '2026-05-01T12:00:00Z';
    expect(drainTimes(policy, { grantedAt }, noon + 59_999)).toMatchObject({
      isOverdue: false,
      overdueAt: noon + 60_000,
    });
    expect(drainTimes(policy, { grantedAt }, noon + 60_000)).toMatchObject({ isOverdue: true });
    expect(drainTimes(readDrainPolicy(undefined), { grantedAt }, noon + 9e9)).toMatchObject({ isOverdue: false });
  });

  it('pauses for the same time after a drain was given up', () => {
    const releasedAt = '2026-05-01T12:00:00Z';
    expect(drainTimes(policy, { releasedAt }, noon + 1)).toMatchObject({ pausesUntil: '2026-05-01T12:01:00Z' });
    expect(drainTimes(policy, { releasedAt }, noon + 60_000).pausesUntil).toBeUndefined();
  });

  it('does without a node that was away for too long, and only then', () => {
    const strict = readDrainPolicy({ lostAfterSeconds: 60 });
    const awaySince = '2026-05-01T12:00:00Z';
    expect(drainTimes(strict, { awaySince }, noon + 59_999)).toMatchObject({ isLost: false, lostAt: noon + 60_000 });
    expect(drainTimes(strict, { awaySince }, noon + 60_000).isLost).toBe(true);
    expect(drainTimes(policy, { awaySince }, noon + 9e9).isLost).toBe(false);
    expect(drainTimes(strict, {}, noon + 9e9).isLost).toBe(false);
  });

  it('is not limited by a time that cannot be read', () => {
    expect(drainTimes(policy, { grantedAt: 'soon', releasedAt: '' }, noon)).toEqual({
      isOverdue: false,
      isLost: false,
    });
  });

  it.each([
    ['the past', '2026-05-01T09:00:00Z', true],
    ['a clock that is a little ahead', '2026-05-01T10:00:59Z', true],
    ['a clock that is wrong', '2026-05-01T12:00:00Z', false],
    ['nobody', 'yesterday', false],
  ])('takes a time of %s', (_, time, isTaken) => {
    expect(readPastTime(time, Date.parse('2026-05-01T10:00:00Z'))).toBe(isTaken ? time : undefined);
  });
});

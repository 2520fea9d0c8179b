import { describe, expect, it } from '@jest/globals';
import { REASON, SYNC_STATUS } from '@sriov/api';
import { type EndedPass, isPatientWith, nextLook, NO_ATTEMPTS } from './next-look.ts';
import { applying, type Verdict } from './verdict.ts';

const succeeded: Verdict = { syncStatus: SYNC_STATUS.succeeded, reason: REASON.inSync, message: 'm' };
const failed: Verdict = { syncStatus: SYNC_STATUS.failed, reason: REASON.applyFailed, message: 'm' };
const unplanned: Verdict = { syncStatus: SYNC_STATUS.inProgress, reason: REASON.notPlannedYet, message: 'm' };

/** What comes next after each pass of a row of passes. */
function looksAfter(passes: readonly Partial<EndedPass>[]): (number | string)[] {
  let attempts = NO_ATTEMPTS;
  return passes.map((pass) => {
    const look = nextLook(attempts, { verdict: failed, generation: 1, hasFailed: true, ...pass });
    attempts = look.attempts;
    return look.next.kind === 'wait' ? look.next.ms / 1000 : look.next.kind;
  });
}

const again = {};
const idle = { hasFailed: false };

describe('the host is looked at again', () => {
  it.each<[string, Partial<EndedPass>[], (number | string)[]]>([
    ['when an event says so, where all is right', [{ verdict: succeeded, hasFailed: false }], ['done']],
    ['for what else has failed, where the host is right', [{ verdict: succeeded }, { verdict: succeeded }], [30, 60]],
    ['when the spec is planned, where it is not', [{ verdict: unplanned, hasFailed: false }], ['stalled']],
    ['at an even pace, where nothing was tried', [idle, idle, idle], [30, 30, 30]],
    ['at an even pace, while a call is in the kernel', [{ verdict: applying([]), hasFailed: false }], [30]],
    [
      'less and less often, and at least every five minutes, where what is tried fails again',
      [again, again, again, again, again, again],
      [30, 60, 120, 240, 300, 300],
    ],
    ['soon, where another spec is tried', [again, again, { generation: 2 }, { generation: 2 }], [30, 60, 30, 60]],
    ['soon, where nothing was tried in between', [again, again, idle, again], [30, 60, 30, 30]],
    [
      'as seldom as before, where the spec was planned in between',
      [again, again, { verdict: unplanned, hasFailed: false }, again],
      [30, 60, 'stalled', 120],
    ],
  ])('%s', (_, passes, looks) => expect(looksAfter(passes)).toEqual(looks));
});

describe('a call that has not come back', () => {
  it.each([
    ['passes for work in progress while it has run for less than two minutes', 119_999, true],
    ['is a failure after two minutes', 120_000, false],
    ['is none when there is no such call', undefined, false],
  ])('%s', (_, longestMs, isPatient) => expect(isPatientWith(longestMs)).toBe(isPatient));
});

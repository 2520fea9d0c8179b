import { describe, expect, it } from '@jest/globals';
import { REASON } from '@sriov/api';
import { type PlanProblem, type PlanProblemReason } from '../planning/steps.ts';
import { PF } from '../test/test-host.ts';
import { testFailure, testPfPlan, testRemainder } from '../test/test-remainder.ts';
import { type Remainder } from './remainder.ts';
import { applying, unreadableVerdict, type Verdict, verdictOf, withRemarks } from './verdict.ts';

const JOURNAL = { pciAddress: PF, message: 'the file of the PF is damaged' };
const problem = (reason: PlanProblemReason): PlanProblem => ({ pciAddress: PF, reason, message: `says ${reason}` });
const failed = testFailure();
const blocked = testFailure({ outcome: 'blocked', message: 'VF 1 is in the kernel', vfId: 1 });

const SUMMARY: (verdict: Verdict) => [string, string] = ({ syncStatus, reason }) => [syncStatus, reason];

describe('the verdict', () => {
  it('is that the host is in sync when nothing is left', () => {
    expect(verdictOf(testRemainder())).toEqual({
      syncStatus: 'Succeeded',
      reason: 'InSync',
      message: 'the host is as the spec wants it',
    });
  });

  it('tells what a drain would make way for, beside why it waits', () => {
    const needsDrain = [
      { pciAddress: PF, vfs: [0, 1, 2], why: 'the number of VFs is 4, not 2; in use: VF 0-2 by a pod' },
    ];
    const { message } = verdictOf(testRemainder({ problems: [problem('VirtualFunctionInUse')], needsDrain }));
    expect(message.split('\n')).toEqual([
      'says VirtualFunctionInUse',
      `needs a drain: VF 0-2 of ${PF} (the number of VFs is 4, not 2; in use: VF 0-2 by a pod)`,
    ]);
  });

  const needsDrain = [{ pciAddress: PF, vfs: [0], why: 'so' }];
  const waits = { reason: 'Draining', message: 'waits for its pods' } as const;
  const inVain = { reason: 'DrainNotAnswered', message: 'nobody answers', isInVain: true } as const;
  it.each<[string, Parameters<typeof testRemainder>[0], [string, string]]>([
    [
      'what it waits for',
      { problems: [problem('VirtualFunctionInUse')], needsDrain, waits },
      ['InProgress', 'Draining'],
    ],
    [
      'a failure where it may wait in vain',
      { problems: [problem('VirtualFunctionInUse')], needsDrain, waits: inVain },
      ['Failed', 'DrainNotAnswered'],
    ],
    [
      'a failure where a drain does not help with something else',
      { problems: [problem('VirtualFunctionInUse'), problem('HostInterface')], needsDrain, waits },
      ['Failed', 'VirtualFunctionInUse'],
    ],
    ['a failure where a step has failed', { failures: [failed], needsDrain, waits }, ['Failed', 'ApplyFailed']],
    ['an annotation that nobody understands, alone', { waits: inVain }, ['Failed', 'DrainNotAnswered']],
  ])('of a node that needs a drain is %s', (_, remainder, expected) => {
    const verdict = verdictOf(testRemainder(remainder));
    expect(SUMMARY(verdict)).toEqual(expected);
    expect(verdict.message).toContain(remainder?.waits?.message);
  });

  it('is that a reboot is missing when nothing else is', () => {
    const needsReboot = [{ kind: 'firmware', pciAddress: PF, why: 'NUM_OF_VFS is 4, and 8 is wanted' } as const];
    expect(verdictOf(testRemainder({ needsReboot }))).toEqual({
      syncStatus: 'InProgress',
      reason: 'RebootRequired',
      message: `needs a reboot: ${PF}: NUM_OF_VFS is 4, and 8 is wanted`,
    });
    expect(SUMMARY(verdictOf(testRemainder({ needsReboot, problems: [problem('Unsupported')] })))).toEqual([
      'Failed',
      'Unsupported',
    ]);
  });

  it.each<[string, Parameters<typeof testRemainder>[0], [string, string]]>([
    ['a step failed', { failures: [failed] }, ['Failed', 'ApplyFailed']],
    ['a step is still in the kernel', { failures: [blocked] }, ['Failed', 'BlockedInKernel']],
    ['one step failed and another is in the kernel', { failures: [failed, blocked] }, ['Failed', 'BlockedInKernel']],
    ['the host changed back', { pfs: [testPfPlan()] }, ['Failed', 'ChangedBack']],
    [
      'a step failed, so that others were not done',
      { failures: [failed], pfs: [testPfPlan()] },
      ['Failed', 'ApplyFailed'],
    ],
    ['the planner refuses something', { problems: [problem('Unsupported')] }, ['Failed', 'Unsupported']],
    [
      'a step failed, and the planner refuses something',
      { failures: [failed], problems: [problem('Unsupported')] },
      ['Failed', 'ApplyFailed'],
    ],
    ['a file of the journal is damaged', { journalProblems: [JOURNAL] }, ['Failed', 'StateDamaged']],
    [
      'a file of the journal is damaged, and nothing is planned',
      { journalProblems: [JOURNAL], problems: [problem('NotPlannedYet')] },
      ['Failed', 'StateDamaged'],
    ],
    [
      'something is refused, and something is not planned yet',
      { problems: [problem('NotPlannedYet'), problem('SpecInvalid')] },
      ['Failed', 'SpecInvalid'],
    ],
    [
      'a step failed, and something is not planned yet',
      { failures: [failed], problems: [problem('NotPlannedYet')] },
      ['Failed', 'ApplyFailed'],
    ],
    [
      'the host changed back, and something is not planned yet',
      { pfs: [testPfPlan()], problems: [problem('NotPlannedYet')] },
      ['Failed', 'ChangedBack'],
    ],
    ['nothing but a plan is missing', { problems: [problem('NotPlannedYet')] }, ['InProgress', 'NotPlannedYet']],
  ])('when %s', (_, parts, expected) => {
    expect(SUMMARY(verdictOf(testRemainder(parts)))).toEqual(expected);
  });

  it('says everything, the gravest first, with the failures for programs', () => {
    const remainder = testRemainder({
      failures: [failed],
      problems: [problem('Unsupported')],
      journalProblems: [JOURNAL],
    });
    const verdict = verdictOf(remainder);
    expect(verdict.message.split('\n')).toEqual([failed.message, 'says Unsupported', JOURNAL.message]);
    expect(verdict.failures?.map(({ reason }) => reason)).toEqual(['ApplyFailed', 'Unsupported', 'StateDamaged']);
  });

  it('says what the host keeps changing back, and each problem once', () => {
    const verdict = verdictOf(testRemainder({ pfs: [testPfPlan()], problems: [problem('NotPlannedYet')] }));
    expect(verdict.message.split('\n')).toEqual([
      'says NotPlannedYet',
      'the host keeps changing back; still to do:',
      `ens1 (${PF}):`,
      '  because the number of VFs is 0, not 2',
      '  create 2 VFs',
    ]);
  });

  it('has a line for each thing that is not planned', () => {
    const problems = [problem('NotPlannedYet'), problem('NotPlannedYet')];
    expect(verdictOf(testRemainder({ problems }))).toEqual({
      syncStatus: 'InProgress',
      reason: 'NotPlannedYet',
      message: 'says NotPlannedYet\nsays NotPlannedYet',
    });
  });
});

describe('a patient verdict', () => {
  const summary = (remainder: Remainder): [string, string] => SUMMARY(verdictOf(remainder, true));

  it.each<[string, Parameters<typeof testRemainder>[0]]>([
    ['a step is in the kernel', { failures: [blocked] }],
    ['a PF is left alone for such a call', { problems: [problem('BlockedInKernel')] }],
    ['others wait for it', { failures: [blocked], pfs: [testPfPlan()] }],
  ])('calls it progress while %s', (_, parts) => {
    expect(summary(testRemainder(parts))).toEqual(['InProgress', 'Applying']);
  });

  it.each<[string, Parameters<typeof testRemainder>[0], string]>([
    ['another step failed', { failures: [blocked, failed] }, REASON.blocked],
    ['the planner refuses something', { failures: [blocked], problems: [problem('Unsupported')] }, REASON.blocked],
    [
      'one of two problems is another',
      { problems: [problem('BlockedInKernel'), problem('Unsupported')] },
      REASON.blocked,
    ],
    ['a file of the journal is damaged', { failures: [blocked], journalProblems: [JOURNAL] }, REASON.blocked],
    ['the host changed back', { problems: [problem('BlockedInKernel')], pfs: [testPfPlan()] }, REASON.blocked],
  ])('calls it a failure when besides %s', (_, parts, reason) => {
    expect(summary(testRemainder(parts))).toEqual(['Failed', reason]);
  });
});

it('applying says what is being done, a line each', () => {
  expect(applying(['creates VFs', 'binds them'])).toEqual({
    syncStatus: 'InProgress',
    reason: 'Applying',
    message: 'creates VFs\nbinds them',
  });
});

describe('the verdict on a host that could not be looked at', () => {
  it.each([
    [false, 'HostUnreadable'],
    [true, 'BlockedInKernel'],
  ])('with a call in the kernel: %s', (isBlocked, reason) => {
    expect(unreadableVerdict({ message: 'ip: EIO', isBlocked }, [])).toEqual({
      syncStatus: 'Failed',
      reason,
      message: 'ip: EIO',
    });
  });

  it('names the steps that failed before, and VFs that failed alike in one line', () => {
    const vfs = [0, 1, 2].map((vfId) => testFailure({ vfId, errno: 'EINVAL', message: `VF ${vfId}: EINVAL` }));
    expect(unreadableVerdict({ message: 'ip: EIO', isBlocked: false }, vfs).message).toBe(
      'ip: EIO\nVF 0: EINVAL (and likewise VF 1-2)',
    );
  });
});

it('a problem of the device plugin is told beside a success, and hides no failure', () => {
  const success = verdictOf(testRemainder());
  const failure = verdictOf(testRemainder({ failures: [failed] }));
  expect(withRemarks(success, ['its pod is gone', undefined])).toEqual({
    ...success,
    message: 'the host is as the spec wants it, but its pod is gone',
  });
  expect(withRemarks(success, [undefined])).toBe(success);
  expect(withRemarks(failure, ['its pod is gone'])).toBe(failure);
});

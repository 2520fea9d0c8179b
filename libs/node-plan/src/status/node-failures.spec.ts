import { describe, expect, it } from '@jest/globals';
import { PF } from '../test/test-host.ts';
import { testFailure, testPfPlan, testRemainder } from '../test/test-remainder.ts';
import { findFailures, groupAlike } from './node-failures.ts';
import { type StepFailure } from './step-failure.ts';

const OTHER = '0000:02:00.0';
const ofVf = (vfId: number, change: Partial<StepFailure> = {}): StepFailure =>
  testFailure({ vfId, errno: 'EINVAL', message: `VF ${vfId}: EINVAL`, ...change });
const groups = (...failures: StepFailure[]): [string, string][] =>
  groupAlike(failures).map(({ first, others }) => [first.message, others]);

describe('failures that are alike', () => {
  it.each<[string, StepFailure[], [string, string][]]>([
    ['one alone', [ofVf(3)], [['VF 3: EINVAL', '']]],
    [
      'VFs of a PF that failed with the same answer, in order of their ids',
      [ofVf(5), ofVf(0), ofVf(1), ofVf(2)],
      [['VF 0: EINVAL', ' (and likewise VF 1-2, 5)']],
    ],
    [
      'VFs whose calls are in the kernel',
      [ofVf(0, { outcome: 'blocked', errno: 'A' }), ofVf(1, { outcome: 'blocked', errno: 'B' })],
      [['VF 0: EINVAL', ' (and likewise VF 1)']],
    ],
    [
      'no VFs of different PFs',
      [ofVf(0), ofVf(1, { pciAddress: OTHER })],
      [
        ['VF 0: EINVAL', ''],
        ['VF 1: EINVAL', ''],
      ],
    ],
    [
      'no different steps',
      [ofVf(0), ofVf(1, { kind: 'unbind-vf' })],
      [
        ['VF 0: EINVAL', ''],
        ['VF 1: EINVAL', ''],
      ],
    ],
    [
      'no different answers',
      [ofVf(0), ofVf(1, { errno: 'EBUSY' })],
      [
        ['VF 0: EINVAL', ''],
        ['VF 1: EINVAL', ''],
      ],
    ],
    [
      'no VFs without an answer, whose sentences differ',
      [testFailure({ vfId: 0, message: 'a' }), testFailure({ vfId: 1, message: 'b' })],
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    [
      'no steps on the PF, whose sentences differ',
      [testFailure({ errno: 'EIO', message: 'a' }), testFailure({ errno: 'EIO', message: 'b' })],
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
  ])('are %s', (_, failures, expected) => {
    expect(groups(...failures)).toEqual(expected);
  });

  it('are in order of the VFs, whatever order they failed in', () => {
    expect(groups(ofVf(2, { errno: 'EIO', message: 'two' }), testFailure({ message: 'PF' }))).toEqual([
      ['PF', ''],
      ['two', ''],
    ]);
  });
});

describe('the failures of a node', () => {
  it('are none when nothing is left undone', () => {
    expect(findFailures(testRemainder())).toEqual([]);
  });

  it('name PF, step and answer of a step that failed', () => {
    expect(findFailures(testRemainder({ failures: [ofVf(0), ofVf(1)] }))).toStrictEqual([
      {
        pciAddress: PF,
        step: 'bind-vf',
        reason: 'ApplyFailed',
        errno: 'EINVAL',
        message: 'VF 0: EINVAL (and likewise VF 1)',
      },
    ]);
  });

  it('say of a call in the kernel no time, which would be news at each restart of the daemon', () => {
    const blocked = testFailure({
      outcome: 'blocked',
      message: 'ens1: in the kernel since 2026-01-02T12:00:00Z: it is',
    });
    expect(findFailures(testRemainder({ failures: [blocked] }))).toStrictEqual([
      {
        pciAddress: PF,
        step: 'bind-vf',
        reason: 'BlockedInKernel',
        message: 'ens1: in the kernel: it is',
      },
    ]);
  });

  it('name no PF where the node as a whole is concerned', () => {
    const failures = [testFailure({ pciAddress: '', pf: 'the node', kind: 'load-module', message: 'modprobe' })];
    const problems = [
      { reason: 'BlockedInKernel' as const, message: 'a call is not back since 2026-01-02T12:00:00Z: it is' },
      {
        pciAddress: OTHER,
        reason: 'BlockedInKernel' as const,
        message: 'a call is not back since 2026-01-02T12:00:00Z: it is',
      },
      { pciAddress: OTHER, reason: 'Unsupported' as const, message: 'not in this version' },
    ];
    expect(findFailures(testRemainder({ failures, problems }))).toStrictEqual([
      { step: 'load-module', reason: 'ApplyFailed', message: 'modprobe' },
      {
        reason: 'BlockedInKernel',
        message: 'a call is not back: it is',
      },
      {
        pciAddress: OTHER,
        reason: 'BlockedInKernel',
        message: 'a call is not back: it is',
      },
      { pciAddress: OTHER, reason: 'Unsupported', message: 'not in this version' },
    ]);
  });

  it('tell of a damaged file of the journal', () => {
    const journalProblems = [{ pciAddress: PF, message: 'damaged' }];
    expect(findFailures(testRemainder({ journalProblems }))).toStrictEqual([
      { pciAddress: PF, reason: 'StateDamaged', message: 'damaged' },
    ]);
  });

  it('tell of a PF that the host keeps changing back, with the first step', () => {
    const because = ['VF 0 has no driver', 'VF 1 has no driver'];
    const vfs = [{ id: 0, steps: [{ kind: 'bind-vf' as const, driver: 'igbvf' }] }];
    const pfs = [
      testPfPlan({ because, before: [], vfs, after: [{ kind: 'set-autoprobe', enabled: true }] }),
      testPfPlan({ pciAddress: OTHER, name: OTHER, because: ['a'], before: [] }),
    ];
    expect(findFailures(testRemainder({ pfs }))).toStrictEqual([
      {
        pciAddress: PF,
        step: 'bind-vf',
        reason: 'ChangedBack',
        message: `ens1 (${PF}): the host keeps changing back: VF 0 has no driver, VF 1 has no driver`,
      },
      { pciAddress: OTHER, reason: 'ChangedBack', message: `${OTHER}: the host keeps changing back: a` },
    ]);
  });

  it('tell of a PF that waits behind the failure of another, and of none twice', () => {
    const pfs = [testPfPlan(), testPfPlan({ pciAddress: OTHER, name: 'ens2', because: ['the MTU is 1500, not 9000'] })];
    const found = findFailures(testRemainder({ failures: [testFailure()], pfs }));
    expect(found.map(({ pciAddress, reason, message }) => [pciAddress, reason, message])).toEqual([
      [PF, 'ApplyFailed', testFailure().message],
      [OTHER, 'Applying', `ens2 (${OTHER}): still to be done: the MTU is 1500, not 9000`],
    ]);
  });
});

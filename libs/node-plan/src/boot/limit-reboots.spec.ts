import { describe, expect, it } from '@jest/globals';
import { type HostPlan, type RebootReason } from '../planning/steps.ts';
import { limitReboots } from './limit-reboots.ts';
import { type RebootFacts, type RebootRecord, withAttempt } from './reboot-record.ts';

const ARGUMENTS: RebootReason = { kind: 'kernel-arguments', why: 'without iommu=pt' };
const FIRMWARE: RebootReason = {
  kind: 'firmware',
  pciAddress: '0000:3b:00.0',
  why: 'NUM_OF_VFS is 4, and 8 is wanted',
};
const before = {
  because: ['the next boot would be without iommu=pt', 'the firmware has 4'],
  steps: [
    { kind: 'add-kernel-arguments', tool: 'grub', words: ['iommu=pt'] },
    { kind: 'write-firmware', pciAddress: '0000:3b:00.0', name: 'ens1', change: { numOfVfs: 8 } },
  ],
} as const;
const after = { because: before.because.slice(1), steps: before.steps.slice(1) };
const plan = (...needsReboot: RebootReason[]): HostPlan => ({
  modules: [],
  pfs: [],
  problems: [],
  taken: [],
  released: [],
  needsReboot,
  beforeReboot: before,
});
/** Reboots that were asked for in boots b1, b2, ...; b9 runs. */
const record = (...attempts: RebootReason[][]): RebootRecord =>
  attempts.map((reasons, index) => ({ bootId: `b${index + 1}`, at: `2026-01-0${index + 1}T00:00:00Z`, reasons }));
const limit = (reasons: RebootReason[], facts: Partial<RebootFacts>): HostPlan =>
  limitReboots(plan(...reasons), { record: [], bootId: 'b9', maxReboots: 2, ...facts });

describe('reboots', () => {
  it.each<[string, RebootReason[], Partial<RebootFacts>]>([
    ['none was done', [ARGUMENTS, FIRMWARE], {}],
    ['one of two was done in vain', [FIRMWARE], { record: record([FIRMWARE]) }],
    ['others were done', [FIRMWARE], { record: record([ARGUMENTS], [{ ...FIRMWARE, pciAddress: '0000:5e:00.0' }]) }],
    ['those of this boot have not happened', [ARGUMENTS], { record: [{ bootId: 'b9', at: '', reasons: [ARGUMENTS] }] }],
    [
      'other arguments were missing',
      [ARGUMENTS],
      { record: record([{ ...ARGUMENTS, why: 'without intel_iommu=on' }]) },
    ],
  ])('are allowed where %s', (_, reasons, facts) => {
    const { needsReboot, problems } = limit(reasons, facts);
    expect([needsReboot, problems]).toEqual([reasons, []]);
  });

  it('end after the last that is allowed, whatever values the reason had', () => {
    const earlier = { ...FIRMWARE, why: 'NUM_OF_VFS is 5, and 8 is wanted' };
    const { needsReboot, beforeReboot, problems } = limit([FIRMWARE], { record: record([earlier], [FIRMWARE]) });
    expect([needsReboot, beforeReboot]).toEqual([undefined, undefined]);
    expect(problems).toEqual([
      {
        pciAddress: '0000:3b:00.0',
        reason: 'RebootLoop',
        message:
          'the node was rebooted 2 times for this, the last time at 2026-01-02T00:00:00Z, and still: 0000:3b:00.0: NUM_OF_VFS is 4, and 8 is wanted; it is not rebooted for this again: see what the firmware says of its next boot (mstconfig query), or reset it',
      },
    ]);
  });

  it('are not done twice for an argument that did not come', () => {
    const { needsReboot, problems } = limit([ARGUMENTS], { record: record([ARGUMENTS]) });
    expect(needsReboot).toBeUndefined();
    expect(problems).toMatchObject([{ reason: 'RebootLoop', message: expect.stringContaining('was rebooted once') }]);
  });

  it('are not done twice for an RDMA mode that did not come', () => {
    const mode: RebootReason = { kind: 'rdma-mode', why: 'RDMA mode exclusive is wanted' };
    const { needsReboot, problems } = limit([mode], { record: record([mode]) });
    expect(needsReboot).toBeUndefined();
    expect(problems).toMatchObject([{ reason: 'RebootLoop', message: expect.stringContaining('initramfs') }]);
  });

  it('go on for the other reasons, with what prepares those alone', () => {
    const { needsReboot, beforeReboot, problems } = limit([ARGUMENTS, FIRMWARE], { record: record([ARGUMENTS]) });
    expect([needsReboot, beforeReboot]).toEqual([[FIRMWARE], after]);
    expect(problems.map(({ reason }) => reason)).toEqual(['RebootLoop']);
  });

  it.each(['StateDamaged', 'StateUnreadable'] as const)('are not done where nobody knows how many: %s', (reason) => {
    const { needsReboot, beforeReboot, problems } = limit([ARGUMENTS], { record: { reason, message: 'the cause' } });
    expect([needsReboot, beforeReboot]).toEqual([undefined, undefined]);
    expect(problems).toEqual([{ reason, message: expect.stringMatching(/nobody knows how often it was: the cause$/) }]);
  });

  it('can be forbidden', () => {
    const { needsReboot, problems } = limit([ARGUMENTS], { maxReboots: 0 });
    expect(needsReboot).toBeUndefined();
    expect(problems).toMatchObject([
      { reason: 'RebootRequired', message: expect.stringContaining('reboot it by hand') },
    ]);
  });

  it('are one in the same boot, however often they are asked for', () => {
    const again = { bootId: 'b2', at: 'later', reasons: [FIRMWARE] };
    expect(withAttempt(record([ARGUMENTS], [ARGUMENTS]), again)).toEqual([...record([ARGUMENTS]), again]);
  });
});

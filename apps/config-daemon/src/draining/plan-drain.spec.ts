import { describe, expect, it } from '@jest/globals';
import { type DrainProgress, type DrainRequest, formatTime, REASON } from '@sriov/api';
import { type Need, permission } from '@sriov/drain-protocol';
import {
  type HostPlan,
  type PfPlan,
  type PlanProblem,
  type PlanProblemReason,
  type StepFailure,
} from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';
import fc from 'fast-check';
import { asksAgainAt, type DrainInVain } from './drain-in-vain.ts';
import { PATIENCE_MS, type PassRest } from './drain-need.ts';
import { type DrainFacts } from './gather-drain.ts';
import { type DrainPlan, type DrainStep, planDrain } from './plan-drain.ts';

const NOW = Date.parse('2026-05-01T10:00:00Z');
const HOUR_MS = 60 * 60_000;
const [A, B] = ['0000:01:00.0', '0000:02:00.0'] as const;

/** A node with two PFs: the first has VFs that nobody has, the second has none. */
const HOST: ObservedHost = {
  problems: [],
  interfaces: [A, B].map((pciAddress) => ({
    pciAddress,
    vendor: '8086',
    deviceId: '10c9',
    linkType: 'ETH',
    sriov: {
      totalVfs: 7,
      autoprobe: true,
      vfs: pciAddress === A ? [{ id: 0, pciAddress: '0000:01:10.0', vendor: '8086', deviceId: '10ca' }] : [],
    },
  })),
};
const resize = (pciAddress: string): PfPlan => ({
  pciAddress,
  name: 'ens1',
  because: ['4 VFs are wanted'],
  before: [{ kind: 'set-num-vfs', numVfs: 4 }],
  vfs: [],
  after: [],
});
const bringUp = (pciAddress: string): PfPlan => ({ ...resize(pciAddress), before: [{ kind: 'set-link-up' }] });
const failure = (pciAddress: string): StepFailure => ({
  pciAddress,
  pf: 'ens1',
  kind: 'set-num-vfs',
  step: 'create 4 VFs',
  outcome: 'failed',
  message: 'EIO',
});
const NOTHING: HostPlan = { modules: [], pfs: [], problems: [], taken: [], released: [] };
const left = (rest: Partial<HostPlan> = {}, more: Partial<PassRest> = {}): PassRest => ({
  rest: { ...NOTHING, ...rest },
  failures: (rest.pfs ?? []).map(({ pciAddress }) => failure(pciAddress)),
  observed: HOST,
  ...more,
});
const REBOOT = { needsReboot: [{ kind: 'firmware', pciAddress: A, why: 'NUM_OF_VFS is 4' }] } as const;
const DRAIN = { needsDrain: [{ pciAddress: A, vfs: [0], why: 'in use' }] } as const;
const inVain = (of: readonly string[], times = 1): DrainInVain => ({ generation: 3, at: formatTime(NOW), times, of });

interface Case {
  readonly asked?: DrainRequest;
  readonly progress?: DrainProgress;
  readonly end?: PassRest | 'unreadable';
  readonly heldMs?: number;
  readonly facts?: Partial<DrainFacts>;
  readonly now?: number;
}

function plan({ asked = 'Idle', progress = 'Idle', end = left(), heldMs, facts = {}, now = NOW }: Case): DrainPlan {
  const state = { request: asked, progress, missing: [] };
  const isDrainDisabled = facts.isDrainDisabled === true;
  const mayDisturb: Need = permission({ state, isDrainDisabled });
  const given = { state, isDrainDisabled, mayDisturb, users: 'seen', generation: 3, inVain: undefined } as const;
  const known = { ...given, askedAt: formatTime(NOW), answer: undefined, isExternal: false, ...facts };
  return planDrain(known, end, { wantsExternal: false, now, heldMs });
}

const GRANTED = { asked: 'Drain_Required', progress: 'DrainComplete' } as const;
const FOR_REBOOT = { asked: 'Reboot_Required', progress: 'DrainComplete' } as const;

describe('a node that is not drained', () => {
  it.each<[string, Case, DrainStep]>([
    ['asks for nothing when nothing needs a drain', {}, { kind: 'none' }],
    ['asks for a drain', { end: left(DRAIN) }, { kind: 'ask', request: 'Drain_Required', why: [`${A}: in use`] }],
    [
      'asks for a reboot, and says all that it is for',
      { end: left({ ...REBOOT, ...DRAIN }) },
      { kind: 'ask', request: 'Reboot_Required', why: [`${A}: NUM_OF_VFS is 4`, `${A}: in use`] },
    ],
    ['asks for nothing because of a step that fails', { end: left({ pfs: [resize(A)] }) }, { kind: 'none' }],
    [
      'asks for a reboot where nobody wants drains',
      { end: left(REBOOT), facts: { isDrainDisabled: true } },
      { kind: 'ask', request: 'Reboot_Required', why: [`${A}: NUM_OF_VFS is 4`] },
    ],
    [
      'says that another controller drains it no longer',
      { facts: { isExternal: true } },
      { kind: 'mark', isExternal: false },
    ],
    ['changes nothing that it cannot read', { facts: { state: 'annotation x is "y"' } }, { kind: 'none' }],
    ['changes nothing while the host cannot be read', { asked: 'Drain_Required', end: 'unreadable' }, { kind: 'none' }],
  ])('%s', (_, given, step) => {
    expect(plan(given).step).toEqual(step);
  });
});

describe('a request that stands', () => {
  it.each([
    [REASON.draining, REASON.draining, 'until its pods have left'],
    [REASON.drainWaitsForPool, REASON.drainWaitsForPool, 'for its MachineConfigPool'],
    [REASON.machineConfigPoolUnknown, REASON.machineConfigPoolUnknown, 'for its MachineConfigPool'],
    [undefined, REASON.draining, 'until its pods have left'],
  ])('says what it waits for once it is granted: %s', (answer, reason, message) => {
    const { waits } = plan({ asked: 'Drain_Required', progress: 'Draining', end: left(DRAIN), facts: { answer } });
    expect(waits).toMatchObject({ reason, waitsFor: 'eviction' });
    expect(waits?.message).toContain(message);
  });

  const reasons = [
    REASON.notWithdrawn,
    REASON.devicePluginSilent,
    REASON.handoverFailed,
    REASON.blocked,
    REASON.notPlannedYet,
    REASON.interfaceUnreadable,
    REASON.stateUnreadable,
  ] as const;
  const problem = (reason: PlanProblemReason): PlanProblem => ({ pciAddress: A, reason, message: '' });
  const open = [
    ...reasons.map((reason): [string, PassRest] => [reason, left({ problems: [problem(reason)] })]),
    ['a step has failed that disturbs VFs', left({ pfs: [resize(A)] })] satisfies [string, PassRest],
    ['something undoes the work', left({ pfs: [resize(A)] }, { failures: [] })] satisfies [string, PassRest],
  ];

  it.each(open)('is not made for what is open: %s', (_, end) => {
    expect(plan({ end }).step).toEqual({ kind: 'none' });
  });

  it.each(open)('is not taken back for what is open, whatever else is the case: %s', (_, end) => {
    const others = fc.subarray<PlanProblemReason>([REASON.unsupported, REASON.vfInUse, REASON.specInvalid]);
    const given = fc.record({
      asked: fc.constantFrom('Drain_Required', 'Reboot_Required'),
      progress: fc.constantFrom('Idle', 'Draining', 'DrainComplete'),
      others,
      fails: fc.boolean(),
      heldMs: fc.nat(PATIENCE_MS - 1),
    });
    fc.assert(
      fc.property(given, ({ asked, progress, others: more, fails, heldMs }) => {
        const problems = [...more.map(problem), ...end.rest.problems];
        const failures = [...end.failures, ...(fails ? [failure(B)] : [])];
        const seen = { ...end, rest: { ...end.rest, problems }, failures };
        expect(plan({ asked, progress, end: seen, heldMs }).step).toEqual({ kind: 'none' });
      }),
    );
  });

  it('is taken back, at any point, when only what needs no drain is left', () => {
    for (const progress of ['Idle', 'Draining', 'DrainComplete'] as const) {
      for (const end of [left(), left({ pfs: [resize(B)] }), left({ problems: [problem(REASON.unsupported)] })]) {
        expect(plan({ asked: 'Drain_Required', progress, end }).step.kind).toBe('withdraw');
      }
    }
  });
});

describe('a node that is drained', () => {
  it.each<[string, Case]>([
    ['while VFs that are there are to change', { ...GRANTED, end: left({ pfs: [resize(A)] }) }],
    ['before it has rebooted', { ...FOR_REBOOT, end: left(REBOOT) }],
    [
      'while a call is in the kernel',
      { ...GRANTED, end: left({ problems: [{ pciAddress: B, reason: 'BlockedInKernel', message: '' }] }) },
    ],
    [
      'until its spec has been planned',
      { ...GRANTED, end: left({ problems: [{ reason: 'NotPlannedYet', message: '' }] }) },
    ],
    ['while the host cannot be read', { ...GRANTED, end: 'unreadable' }],
    [
      'for long, while a reboot is under way that systemd has accepted',
      { ...FOR_REBOOT, end: left(REBOOT, { isGoingDown: true }), heldMs: 10 * PATIENCE_MS },
    ],
  ])('stays so %s', (_, given) => {
    expect(plan(given)).toMatchObject({ step: { kind: 'none' }, isHeld: true });
  });

  it.each<[string, Case]>([
    ['nothing is left', { ...GRANTED }],
    ['only a PF without VFs fails', { ...GRANTED, end: left({ pfs: [resize(B)] }) }],
    ['what is left interrupts nobody', { ...GRANTED, end: left({ pfs: [bringUp(A)] }) }],
    [
      'a problem is left that no drain helps with',
      { ...GRANTED, end: left({ problems: [{ pciAddress: A, reason: 'Unsupported', message: '' }] }) },
    ],
    [
      'the node as a whole fails',
      { ...GRANTED, end: left({ node: { because: ['x'], steps: [{ kind: 'remove-rdma-mode-file' }] } }) },
    ],
    ['a reboot is no longer wanted', { ...FOR_REBOOT }],
  ])('is given back when %s', (_, given) => {
    const { step, isHeld } = plan(given);
    expect(step).toEqual({ kind: 'withdraw', because: 'nothing is left that takes a drain' });
    expect(isHeld).toBeUndefined();
  });

  it.each<[string, Case, readonly string[]]>([
    ['a change of VFs that fails', { ...GRANTED, end: left({ pfs: [resize(A)] }) }, [A]],
    ['a reboot that cannot be prepared', { ...FOR_REBOOT, end: left({ ...REBOOT, pfs: [resize(A)] }) }, ['reboot', A]],
    [
      'a call that does not come back',
      { ...GRANTED, end: left({ problems: [{ pciAddress: B, reason: 'BlockedInKernel', message: '' }] }) },
      [B],
    ],
    ['a host that cannot be read', { ...GRANTED, end: 'unreadable' }, ['node']],
  ])('waits for %s, and not for ever', (_, given, of) => {
    expect(plan({ ...given, heldMs: PATIENCE_MS - 1 }).step).toEqual({ kind: 'none' });
    const { step, waits, isHeld } = plan({ ...given, heldMs: PATIENCE_MS });
    const because = 'what the node was drained for has not come';
    expect(step).toEqual({ kind: 'withdraw', because, inVain: inVain(of) });
    expect([waits?.reason, waits?.isInVain, isHeld]).toEqual(['DrainInVain', true, undefined]);
    expect(waits?.message).toContain('did not come within 15 min, and was given back at 2026-05-01T10:00:00Z');
  });
});

describe('what a node was drained for in vain', () => {
  const facts = { inVain: inVain([A]) };

  it('is not asked for again before its time, which the node says', () => {
    const { step, waits } = plan({ end: left(DRAIN), facts });
    expect(step).toEqual({ kind: 'none' });
    expect(waits).toMatchObject({ reason: 'DrainInVain', waitsFor: 'retry' });
    expect(waits?.message).toContain('or at 2026-05-01T11:00:00Z');
    expect(plan({ end: left(DRAIN), facts, now: NOW + HOUR_MS }).step).toMatchObject({ kind: 'ask' });
  });

  it('keeps no other PF from asking, and is not waited for then', () => {
    const others = { needsDrain: [...DRAIN.needsDrain, { pciAddress: B, vfs: [1], why: 'in use' }] };
    expect(plan({ end: left(others), facts }).step).toMatchObject({ kind: 'ask', request: 'Drain_Required' });
    expect(plan({ ...GRANTED, end: left({ pfs: [resize(A)] }), facts }).step).toMatchObject({ kind: 'withdraw' });
  });

  it('is asked for again later each time, up to a day', () => {
    const waits = [1, 2, 3, 6, 60].map((times) => (asksAgainAt(inVain([A], times)) - NOW) / HOUR_MS);
    expect(waits).toEqual([1, 2, 4, 24, 24]);
    const again = plan({ ...GRANTED, end: left({ pfs: [resize(A)] }), heldMs: PATIENCE_MS, now: NOW + HOUR_MS, facts });
    expect(again.step).toMatchObject({ inVain: { times: 2 } });
  });

  it('is forgotten once it is done', () => {
    expect(plan({ facts }).step).toEqual({ kind: 'forget' });
    expect(plan({ facts, end: left({ pfs: [resize(A)] }) }).step).toEqual({ kind: 'none' });
  });
});

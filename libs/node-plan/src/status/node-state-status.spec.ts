import { describe, expect, it } from '@jest/globals';
import { type NodeFailure, type NodeStateStatus, type SriovNetworkNodeState, type VirtualFunction } from '@sriov/api';
import { type NewCondition } from '@sriov/conditions';
import { netdevice, PF, testPf } from '../test/test-host.ts';
import { type FoundFailure } from './node-failures.ts';
import { failuresOf, hasFailed, isWorthWriting, nextStatus, statusText } from './node-state-status.ts';
import { applying, type Verdict } from './verdict.ts';

const NOW = Date.UTC(2026, 10, 24, 10);
const vf: VirtualFunction = {
  vfID: 0,
  pciAddress: '0000:01:10.0',
  driver: 'igbvf',
  name: 'ens1v0',
  mac: '02:00:00:00:00:01',
  mtu: 1500,
};
const withVf = (change: Partial<Record<keyof VirtualFunction, unknown>>, numVfs = 1): NodeStateStatus => ({
  syncStatus: 'Succeeded',
  interfaces: [{ pciAddress: '0000:01:00.0', numVfs, Vfs: [{ ...vf, ...change } as VirtualFunction] }],
});
const hidden = { name: undefined, mtu: undefined };

describe('is it news', () => {
  it.each([
    ['nothing has changed', withVf({}), withVf({}), false],
    ['the interface of a VF has gone into a pod', withVf({}), withVf({ ...hidden, mac: undefined }), false],
    [
      'the interface of a VF has gone into a pod, and the VF into a VLAN',
      withVf({}),
      withVf({ ...hidden, Vlan: 7, assigned: 'true' }),
      false,
    ],
    ['a VF on the host is in a VLAN', withVf({}), withVf({ Vlan: 7 }), true],
    ['the host itself has begun to use a VF', withVf({}), withVf({ assigned: 'true' }), true],
    ['it has come back, and was never missed', withVf({}), withVf({}), false],
    ['it has come back, and was missed', withVf(hidden), withVf({}), true],
    ['a VF has another driver and so no interface', withVf({}), withVf({ ...hidden, driver: 'vfio-pci' }), true],
    ['a VF has lost its driver', withVf({}), withVf({ ...hidden, driver: undefined }), true],
    ['a VF has another MTU', withVf({}), withVf({ mtu: 9000 }), true],
    ['the number of VFs has changed while an interface is hidden', withVf({}), withVf(hidden, 2), true],
    ['a field is empty instead of absent', withVf({}), { ...withVf({}), lastSyncError: '' }, false],
    [
      'others have written what we never write',
      { ...withVf({}), system: { rdmaMode: 'shared' as const } },
      withVf({}),
      false,
    ],
    ['a bridge is no longer looked at', { ...withVf({}), bridges: { ovs: [{ name: 'br0' }] } }, withVf({}), true],
    ['bridges are none, however that is written', { ...withVf({}), bridges: { ovs: [] } }, withVf({}), false],
    ['the RDMA mode is seen', withVf({}), { ...withVf({}), system: { rdmaMode: 'exclusive' as const } }, true],
    ['the sync status has changed', withVf({}), { ...withVf({}), syncStatus: 'Failed' }, true],
  ])('that %s?', (_, present, next, expected) => {
    expect(isWorthWriting(present, next)).toBe(expected);
  });
});

describe('the status after a pass', () => {
  const foreign = {
    type: 'Rebooting',
    status: 'True' as const,
    reason: 'Told',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const state = { metadata: { name: 'n', generation: 3 }, status: { ...withVf({}), conditions: [foreign] } };

  it.each(['Rebooting', 'Drained', 'RolledOut'])('leaves the condition %s of others to them', (type) => {
    const others = { ...foreign, type };
    const before = { ...state, status: { ...state.status, conditions: [others] } };
    const { status } = nextStatus(before, { verdict: applying(['plan']) }, NOW);
    expect(status.conditions?.map((condition) => condition.type)).toEqual(['Ready', 'Progressing', 'Degraded']);
    expect(statusText({ ...status, conditions: [others, ...(status.conditions ?? [])] })).toBe(statusText(status));
  });

  it('keeps what was seen before when nothing could be seen', () => {
    expect(nextStatus(state, { verdict: applying([]) }, NOW).status.interfaces).toEqual(state.status.interfaces);
  });

  it('says what is being done, and for which spec', () => {
    const { status } = nextStatus(state, { verdict: applying(['a', 'b']) }, NOW);
    expect(status.conditions?.[0]).toMatchObject({ message: 'a\nb', observedGeneration: 3 });
    expect(status.lastSyncError).toBeUndefined();
  });

  it('moves the time of a transition only with the status', () => {
    const first = nextStatus(state, { verdict: applying(['a']) }, NOW);
    const again = { ...state, status: first.status };
    const second = nextStatus(again, { verdict: applying(['b']) }, NOW + 60_000);
    expect(second.events).toEqual([]);
    expect(second.status.conditions?.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(
      Array(3).fill('2026-11-24T10:00:00Z'),
    );
  });
});

const SUCCEEDED: Verdict = { syncStatus: 'Succeeded', reason: 'InSync', message: 'as wanted' };
const failedWith = (failures?: FoundFailure[]): Verdict => ({
  syncStatus: 'Failed',
  reason: 'ApplyFailed',
  message: 'bind-vf: EINVAL',
  ...(failures && { failures }),
});

describe('what was seen of the host stands in the status', () => {
  const { sriov: _, ...without } = testPf([], { pciAddress: '0000:02:00.0' });
  const observed = {
    interfaces: [testPf([netdevice(0), netdevice(1)]), without],
    problems: [],
  };
  const statusOf = (state: Partial<SriovNetworkNodeState>, rdmaMode?: 'exclusive'): NodeStateStatus =>
    nextStatus(
      { metadata: { name: 'n' }, ...state },
      { observed: { ...observed, ...(rdmaMode && { rdmaMode }) }, verdict: SUCCEEDED },
      NOW,
    ).status;

  it('with the number of PFs that can have VFs, and of VFs', () => {
    expect(statusOf({})).toMatchObject({ pfCount: 1, vfCount: 2, interfaces: [{ pciAddress: PF }, {}] });
  });

  it('with the RDMA mode where the host has one', () => {
    expect(statusOf({}, 'exclusive').system).toEqual({ rdmaMode: 'exclusive' });
    expect(statusOf({}).system).toBeUndefined();
  });

  it('with a mark on PFs of another owner', () => {
    const spec = { interfaces: [{ pciAddress: PF, externallyManaged: true }, { pciAddress: '0000:02:00.0' }] };
    const marks = statusOf({ spec }).interfaces?.map(({ externallyManaged }) => externallyManaged === true);
    expect(marks).toEqual([true, false]);
  });

  it('and is not counted where nothing was ever seen', () => {
    const { status } = nextStatus({ metadata: { name: 'n' } }, { verdict: SUCCEEDED }, NOW);
    expect(status).not.toHaveProperty('pfCount');
    expect(status.interfaces).toBeUndefined();
  });
});

describe('the conditions after a pass', () => {
  it.each<[string, Verdict, string[]]>([
    ['success', SUCCEEDED, ['Ready']],
    ['work in progress', applying(['a']), ['Progressing']],
    ['failure', failedWith(), ['Degraded']],
  ])('tell %s', (_, verdict, expected) => {
    const { status } = nextStatus({ metadata: { name: 'n' } }, { verdict }, NOW);
    expect(status.syncStatus).toBe(verdict.syncStatus);
    const holding = status.conditions?.filter(({ status: text }) => text === 'True').map(({ type }) => type);
    expect(holding).toEqual(expected);
    expect(status.lastSyncError).toBe(verdict.syncStatus === 'Failed' ? verdict.message : undefined);
  });
});

describe("the condition of the node's resources", () => {
  type Told = NewCondition | null | 'nothing';
  const held: NewCondition = { type: 'ResourcesOffered', status: 'False', reason: 'DevicesHeldBack', message: 'a: x' };
  const offered: NewCondition = { ...held, status: 'True', reason: 'ResourcesOffered', message: '4 devices' };
  const told = (...passes: Told[]): [string[], string | undefined] => {
    let state: SriovNetworkNodeState = { metadata: { name: 'n' } };
    const events: string[] = [];
    for (const resources of passes) {
      const pass = { verdict: SUCCEEDED, ...(resources !== 'nothing' && { resources }) };
      const next = nextStatus(state, pass, NOW);
      state = { ...state, status: next.status };
      events.push(...next.events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`));
    }
    const condition = state.status?.conditions?.find(({ type }) => type === 'ResourcesOffered');
    return [events.slice(1), condition && `${condition.status} ${condition.message}`];
  };

  it.each<[string, Told[], string[], string | undefined]>([
    ['is written with an Event', [held], ['Warning DevicesHeldBack: a: x'], 'False a: x'],
    ['has one Event as long as it says the same', [held, held, held], ['Warning DevicesHeldBack: a: x'], 'False a: x'],
    [
      'has another Event for other devices',
      [held, { ...held, message: 'b: y' }],
      ['Warning DevicesHeldBack: a: x', 'Warning DevicesHeldBack: b: y'],
      'False b: y',
    ],
    [
      'has an Event when all is well again',
      [held, offered],
      ['Warning DevicesHeldBack: a: x', 'Normal ResourcesOffered: 4 devices'],
      'True 4 devices',
    ],
    ['stays where a pass says nothing about it', [held, 'nothing'], ['Warning DevicesHeldBack: a: x'], 'False a: x'],
    ['goes when nobody knows any more', [held, null], ['Warning DevicesHeldBack: a: x'], undefined],
    ['need not be there', [null], [], undefined],
  ])('%s', (_, passes, events, condition) => expect(told(...passes)).toEqual([events, condition]));
});

describe('a spec has been tried and failed', () => {
  const ready = { type: 'Ready', status: 'False' as const, reason: 'a', message: '', lastTransitionTime: '' };
  const other = { ...ready, type: 'Degraded', observedGeneration: 3 };

  it.each<[string, boolean, NodeStateStatus | undefined]>([
    [
      'when the status is of this spec',
      true,
      { syncStatus: 'Failed', conditions: [other, { ...ready, observedGeneration: 3 }] },
    ],
    [
      'not when it is of an earlier one',
      false,
      { syncStatus: 'Failed', conditions: [other, { ...ready, observedGeneration: 2 }] },
    ],
    ['not when it succeeded', false, { syncStatus: 'Succeeded', conditions: [{ ...ready, observedGeneration: 3 }] }],
    ['not when no condition says so', false, { syncStatus: 'Failed' }],
    ['not without a status', false, undefined],
  ])('%s: %s', (_, expected, status) => {
    expect(hasFailed({ metadata: { name: 'n', generation: 3 }, ...(status && { status }) })).toBe(expected);
  });
});

describe('the failures after a pass', () => {
  const found: FoundFailure = { pciAddress: PF, step: 'bind-vf', reason: 'ApplyFailed', message: 'EINVAL' };
  const before: NodeFailure = { ...found, since: '2026-01-01T00:00:00Z' };
  const after = (verdict: Verdict, present?: NodeFailure[], observed = false): NodeFailure[] | undefined =>
    nextStatus(
      {
        metadata: { name: 'n' },
        spec: { interfaces: [{ pciAddress: PF, name: 'of-spec' }] },
        ...(present && { status: { failures: present } }),
      },
      { verdict, ...(observed && { observed: { interfaces: [testPf()], problems: [] } }) },
      NOW,
    ).status.failures;

  it('are of the node as a whole where no more is known, and none where nothing failed', () => {
    expect(failuresOf(failedWith())).toEqual([{ reason: 'ApplyFailed', message: 'bind-vf: EINVAL' }]);
    expect(failuresOf(failedWith([found]))).toEqual([found]);
    expect([failuresOf(SUCCEEDED), failuresOf(applying(['a']))]).toEqual([[], []]);
  });

  it('are new now, with the name of the PF as it is seen, or as the spec has it', () => {
    const since = '2026-11-24T10:00:00Z';
    expect(after(failedWith([found]))).toEqual([{ ...found, name: 'of-spec', since }]);
    expect(after(failedWith([found]), [], true)).toEqual([{ ...found, name: 'ens1', since }]);
    const ofNode = { reason: 'ApplyFailed' as const, message: 'modprobe' };
    expect(after(failedWith([ofNode]))).toEqual([{ ...ofNode, since }]);
  });

  it.each<[string, Partial<FoundFailure>, boolean]>([
    ['the same failure', {}, true],
    ['the same failure in other words', { message: 'EBUSY' }, true],
    ['the same failure without its step', { step: undefined }, true],
    ['another step', { step: 'unbind-vf' }, false],
    ['another reason', { reason: 'BlockedInKernel' }, false],
    ['another PF', { pciAddress: '0000:02:00.0' }, false],
  ])('have the time since when they are there: %s', (_, change, isOld) => {
    const { step, ...rest } = { ...found, ...change };
    const [failure] = after(failedWith([{ ...rest, ...(step !== undefined && { step }) }]), [before]) ?? [];
    expect(failure?.since).toBe(isOld ? before.since : '2026-11-24T10:00:00Z');
    expect(failure?.step).toBe(step ?? 'bind-vf');
  });

  it('stay while work is in progress, and go with success', () => {
    expect(after(applying(['a']), [before])).toEqual([before]);
    expect(after(SUCCEEDED, [before])).toBeUndefined();
  });
});

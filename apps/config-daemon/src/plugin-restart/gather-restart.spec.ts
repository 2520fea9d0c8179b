import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type SriovNetworkNodeState } from '@sriov/api';
import {
  type HostFacts,
  type HostPlan,
  type PlanProblem,
  type StepFailure,
  type StepFailureKind,
  type StepName,
} from '@sriov/node-plan';
import { type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { type FailedStep } from '../steps/failed-step.ts';
import { gatherForeseen, gatherRestart, type PassEnd, watchVfSteps } from './gather-restart.ts';

const PF = '0000:01:00.0';
const OTHER = '0000:02:00.0';

const pf = (pciAddress: string, numVfs: number): ObservedPf => ({
  pciAddress,
  vendor: '8086',
  deviceId: '10c9',
  linkType: 'ETH',
  sriov: {
    totalVfs: 7,
    autoprobe: true,
    vfs: Array.from({ length: numVfs }, (_, id) => ({ id, pciAddress: `v${id}`, vendor: '8086', deviceId: '10ca' })),
  },
});
const observed: ObservedHost = { interfaces: [pf(PF, 4), pf(OTHER, 0)], problems: [] };
const rest: HostPlan = { modules: [], pfs: [], problems: [], taken: [], released: [] };
const end: PassEnd = {
  observed,
  rest,
  failures: [],
  plugin: { before: { configHash: 'a' }, now: { configHash: 'a' }, hasChangedVfs: false, told: { kind: 'absent' } },
};

const nodeState = (hash: string, change: Partial<SriovNetworkNodeState['metadata']> = {}): SriovNetworkNodeState => ({
  metadata: {
    name: 'node-1',
    uid: 'u',
    generation: 1,
    annotations: { [ANNOTATION.plannedFrom]: PF, [ANNOTATION.devicePluginConfigHash]: hash },
    ...change,
  },
});
const unplanned = (hash: string): SriovNetworkNodeState =>
  nodeState(hash, { annotations: { [ANNOTATION.devicePluginConfigHash]: hash } });

describe('after a pass, the configuration that the device plugin should have is', () => {
  it.each<[string, SriovNetworkNodeState, SriovNetworkNodeState, string | undefined]>([
    ['that of the newest node state', nodeState('a'), nodeState('b'), 'b'],
    ['that of the pass when the newest node state is not planned', nodeState('a'), unplanned('b'), 'a'],
    ['not known when neither is planned', unplanned('a'), unplanned('b'), undefined],
  ])('%s', (_, own, cached, expected) => {
    expect(gatherRestart(end, { nodeState: own, cached }).configHash).toBe(expected);
  });
});

describe('after a pass, the restart waits', () => {
  const own = nodeState('a');
  it.each<[string, SriovNetworkNodeState, readonly string[]]>([
    ['for nothing when the node state is still the same', nodeState('b'), []],
    ['for a newer spec', nodeState('a', { generation: 2 }), ['']],
    ['for the spec of a node state that was made again', nodeState('a', { uid: 'new' }), ['']],
  ])('%s', (_, cached, unsettled) => {
    expect(gatherRestart(end, { nodeState: own, cached }).unsettled).toEqual(unsettled);
  });

  it.each<[string, string, StepFailureKind, readonly string[], StepFailure['kind']?]>([
    ['for a step that failed on a PF with VFs', PF, 'failed', [PF]],
    ['for no bridge that could not be made', PF, 'failed', [], 'make-bridge'],
    ['for no step that failed on a PF without VFs', OTHER, 'failed', []],
    ['for a call that has not come back', OTHER, 'blocked', [OTHER]],
  ])('%s', (_, pciAddress, outcome, unsettled, kind = 'bind-vf') => {
    const failed = { ...end, failures: [{ pciAddress, outcome, kind }] };
    expect(gatherRestart(failed, { nodeState: own, cached: own }).unsettled).toEqual(unsettled);
  });
});

describe('after a pass, a device plugin of ours', () => {
  const own = nodeState('a');
  it.each<[string, PassEnd['plugin']['told'], { learns: boolean; unsettled: readonly string[] }]>([
    ['learns when it has answered', { kind: 'answered' }, { learns: true, unsettled: [] }],
    ['delays a restart when it does not answer', { kind: 'silent' }, { learns: false, unsettled: [''] }],
    ['does not count where there is none', { kind: 'absent' }, { learns: false, unsettled: [] }],
  ])('%s', (_, told, expected) => {
    const facts = gatherRestart({ ...end, plugin: { ...end.plugin, told } }, { nodeState: own, cached: own });
    expect(facts).toMatchObject(expected);
  });
});

describe('a dry run', () => {
  const facts: HostFacts = {
    spec: {},
    plannedFrom: new Set([PF]),
    observed,
    owned: new Map([[PF, { pciAddress: PF, numVfs: 4, vfGroups: [{ resourceName: 'r', vfRange: '0-3' }] }]]),
    initial: new Map(),
    guids: { records: new Map() },
    blocked: new Map(),
    allowHostInterfaces: false,
  };
  const record = { configHash: 'a' };
  const inUse: PlanProblem = { pciAddress: PF, reason: 'VirtualFunctionInUse', message: '' };

  it('takes what the plan does for done, and names the VFs that it changes', () => {
    const before = [{ kind: 'set-num-vfs', numVfs: 0 } as const];
    const plan = { ...rest, pfs: [{ pciAddress: PF, name: 'ens1', because: [], before, vfs: [], after: [] }] };
    expect(gatherForeseen(nodeState('b'), { facts, plan, record, learns: true })).toEqual({
      record,
      because: [`ens1 (${PF}): the number of VFs becomes 0`],
      configHash: 'b',
      unsettled: [],
      learns: true,
    });
  });

  it('knows that a VF in use delays the restart', () => {
    const plan = { ...rest, problems: [inUse] };
    expect(gatherForeseen(nodeState('b'), { facts, plan, record, learns: true })).toMatchObject({
      because: [],
      unsettled: [PF],
    });
  });

  it('takes no configuration from a node state that is not planned', () =>
    expect(gatherForeseen(unplanned('b'), { facts, plan: rest, record, learns: true }).configHash).toBeUndefined());
});

describe('the steps of a pass', () => {
  const step = (kind: StepName['kind']): StepName => ({ pf: 'ens1', pciAddress: PF, kind, step: '' });
  const failure = (outcome: StepFailureKind): FailedStep => ({ ...step('bind-vf'), message: '', outcome, cause: '' });
  const other: ObservedHost = { interfaces: [pf(PF, 3), pf(OTHER, 0)], problems: [] };

  it.each<[string, StepName['kind'], FailedStep | undefined, ObservedHost, boolean]>([
    ['have changed VFs when one that changes VFs succeeded', 'bind-vf', undefined, observed, true],
    ['may have when it has not come back', 'bind-vf', failure('blocked'), observed, true],
    ['have not when it failed', 'bind-vf', failure('failed'), observed, false],
    ['have when it failed and the host shows other VFs all the same', 'bind-vf', failure('failed'), other, true],
    ['have not when another one succeeded', 'set-pf-mtu', undefined, observed, false],
  ])('%s', (_, kind, ended, last, expected) => {
    const told: unknown[] = [];
    const watch = watchVfSteps(() => (each) => void told.push(each));
    watch.onStep(step(kind))?.(ended);
    expect(watch.haveChanged(observed, last)).toBe(expected);
    expect(told).toEqual([ended]);
  });

  it('have changed nothing as long as there was none', () =>
    expect(watchVfSteps(() => undefined).haveChanged(observed, observed)).toBe(false));
});

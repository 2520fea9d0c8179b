import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { type Problem } from '@sriov/selection';
import { configMapCondition, nodesCondition } from './config-map-status.ts';
import { type DecidedStatus, type HeldBecause, type MatchedNode, nodeReadiness } from './node-readiness.ts';
import { policyStatus } from './policy-status.ts';
import { poolStatus } from './pool-status.ts';

const nodes = (readiness: MatchedNode['readiness'], ...names: string[]): MatchedNode[] =>
  names.map((name) => ({ name, readiness }));
const held = (reason: HeldBecause['reason'], ...names: string[]): MatchedNode[] =>
  names.map((name) => ({ name, readiness: 'held', hold: { reason, message: 'this is why' } }));
const problem = (message: string, node?: string): Problem => ({
  kind: 'SriovNetworkNodePolicy',
  name: 'p',
  ...(node !== undefined && { node }),
  reason: 'PolicyInvalid',
  message,
});
const none = { selectedNodes: 2, unplannedNodes: 0, unreported: [], matched: [], problems: [] };
/** The condition that holds, or that none does; with its reason and message. */
const say = ({ conditions }: DecidedStatus): string => {
  const { type = 'none', reason, message } = conditions.find(({ status }) => status === 'True') ?? {};
  return `${type} ${reason ?? conditions[0]?.reason}: ${message ?? conditions[0]?.message}`;
};

describe('policyStatus', () => {
  it.each([
    [{ ...none, matched: nodes('ready', 'a', 'b') }, 'Ready PolicyApplied: nodes configured: 2 of 2'],
    [
      { ...none, matched: [...nodes('ready', 'a'), ...nodes('progressing', 'b')] },
      'Progressing NodesProgressing: 1 of 2 nodes are being configured: b',
    ],
    [
      { ...none, matched: [...nodes('failed', 'g', 'f', 'e', 'd', 'c', 'b'), ...nodes('progressing', 'a')] },
      'Degraded NodesFailed: 6 of 7 nodes failed: b, c, d, e, f and 1 more; their SriovNetworkNodeState says why',
    ],
    [
      { ...none, unplannedNodes: 1, matched: nodes('ready', 'a') },
      'Progressing NodesProgressing: nodes being planned: 1',
    ],
    [
      { ...none, matched: [...nodes('ready', 'a'), ...nodes('progressing', 'b'), ...held('RolloutPaused', 'c', 'd')] },
      'none RolloutPaused: 2 of 4 nodes keep what they have: this is why',
    ],
    [
      { ...none, matched: [...nodes('progressing', 'a'), ...held('WaitingForCanary', 'b')] },
      'Progressing WaitingForCanary: 1 of 2 nodes keep what they have: this is why',
    ],
    [
      { ...none, matched: [...nodes('failed', 'a'), ...held('CanaryFailed', 'b')] },
      'Degraded CanaryFailed: 1 of 2 nodes keep what they have: this is why',
    ],
    [
      { ...none, matched: [...nodes('failed', 'a'), ...held('WaitingForCanary', 'b')] },
      'Degraded NodesFailed: 1 of 2 nodes failed: a; their SriovNetworkNodeState says why',
    ],
    [
      { ...none, matched: held('PoolInvalid', 'b') },
      'Degraded PoolInvalid: 1 of 1 nodes keep what they have: this is why',
    ],
    [
      { ...none, isPaused: true, matched: nodes('ready', 'a') },
      'Ready PolicyApplied: nodes configured: 1 of 1; paused, so changes are held back',
    ],
    [{ ...none, selectedNodes: 0 }, 'none NoMatchingNodes: no managed node has the labels of spec.nodeSelector'],
    [
      none,
      'none NoMatchingInterfaces: no PF on the selected nodes (2) fits spec.nicSelector, or policies with precedence have all VFs',
    ],
    [
      { ...none, mismatch: 'spec.nicSelector.vendor "15B3" matches no PF, and 15b3 would: write that' },
      'none NoMatchingInterfaces: no PF on the selected nodes (2) fits spec.nicSelector, or policies with precedence have all VFs; spec.nicSelector.vendor "15B3" matches no PF, and 15b3 would: write that',
    ],
    [
      {
        ...none,
        matched: nodes('ready', 'a'),
        problems: [problem('bad', 'n2'), problem('bad', 'n1'), problem('worse')],
      },
      'Degraded PolicyInvalid: worse\non n1: bad\non n2: bad',
    ],
  ])('%j is %s', (facts, text) => {
    expect(say(policyStatus(facts))).toBe(text);
  });

  it('is not Ready while a node of its selector has not reported its PFs, be the others ready', () => {
    const facts = { ...none, matched: nodes('ready', 'a'), unreported: ['c', 'b'] };
    expect(say(policyStatus(facts))).toBe(
      'Progressing NodesProgressing: nodes that have not reported their PFs yet, so that nothing can be planned for them: b, c (does their config daemon run?)',
    );
  });

  it('counts matched and ready nodes', () => {
    const matched = [...nodes('ready', 'a', 'b'), ...nodes('failed', 'c')];
    expect(policyStatus({ ...none, matched })).toMatchObject({ matchedNodeCount: 3, readyNodeCount: 2 });
  });

  it('says of failed nodes what failed there, where they tell', () => {
    const failed = (name: string, ...why: string[]): MatchedNode => ({ name, readiness: 'failed', why });
    const matched = [...nodes('failed', 'old'), failed('b', 'ens1: EBUSY'), failed('a', 'ens1: EBUSY', 'ens2: EIO')];
    expect(say(policyStatus({ ...none, matched })).split('\n')).toEqual([
      'Degraded NodesFailed: 3 of 3 nodes failed',
      'on a: ens1: EBUSY',
      'on a: ens2: EIO',
      'on b: ens1: EBUSY',
      'on old: see their SriovNetworkNodeState',
    ]);
  });

  it('says the same whatever the order in which problems were found', () => {
    const problems = ['c', 'a', 'b', 'e', 'd', 'f', 'g'].map((node) => problem('bad', node));
    expect(policyStatus({ ...none, problems })).toEqual(policyStatus({ ...none, problems: [...problems].reverse() }));
  });
});

describe('poolStatus', () => {
  const pool = { isForOffload: false, unplannedNodes: 0, unreported: [], matched: [], problems: [] };
  it.each([
    [{ ...pool, matched: nodes('ready', 'a') }, 'Ready PoolReady: nodes configured: 1 of 1'],
    [pool, 'none NoMatchingNodes: no managed node has the labels of spec.nodeSelector'],
    [
      { ...pool, isForOffload: true },
      'none Unsupported: spec.ovsHardwareOffloadConfig is for MachineConfigPools; as a pool it has no nodes',
    ],
    [{ ...pool, problems: [problem('bad', 'a')] }, 'Degraded PolicyInvalid: on a: bad'],
  ])('%j is %s', (facts, text) => {
    expect(say(poolStatus(facts))).toBe(text);
  });
});

describe('nodeReadiness', () => {
  const state = (syncStatus: string, observedGeneration?: number): SriovNetworkNodeState => ({
    metadata: { name: 'n', generation: 3 },
    status: {
      syncStatus,
      ...(observedGeneration !== undefined && {
        conditions: [
          { type: 'Ready', status: 'True', reason: 'InSync', message: '', lastTransitionTime: '', observedGeneration },
        ],
      }),
    },
  });

  it.each([
    ['Succeeded', 3, 'ready'],
    ['Succeeded', 2, 'progressing'],
    ['Succeeded', undefined, 'ready'],
    ['Failed', 3, 'failed'],
    ['InProgress', 3, 'progressing'],
    ['', undefined, 'progressing'],
  ])('%s of generation %s while 3 is the newest is %s', (syncStatus, observed, readiness) => {
    expect(nodeReadiness(state(syncStatus, observed))).toEqual({ readiness });
  });

  const failedOn = (
    ...failures: (readonly [pciAddress: string | undefined, reason: string])[]
  ): SriovNetworkNodeState => ({
    ...state('Failed', 3),
    spec: {
      interfaces: [
        { pciAddress: 'pf-a', numVfs: 2, vfGroups: [{ policyName: 'a' }, { policyName: 'both' }] },
        { pciAddress: 'pf-b', numVfs: 2, vfGroups: [{ policyName: 'b' }, { policyName: 'both' }] },
      ],
    },
    status: {
      ...state('Failed', 3).status,
      failures: failures.map(([pciAddress, reason]) => ({
        ...(pciAddress !== undefined && { pciAddress }),
        reason,
        message: `${pciAddress} failed`,
        since: '2026-01-01T00:00:00Z',
      })),
    },
  });
  const onPfA = failedOn(['pf-a', 'ApplyFailed']);
  const why = ['pf-a failed'];

  it.each([
    ['the PF of a policy fails: the policy is failed', onPfA, 'a', { readiness: 'failed', why }],
    ['another PF fails: the policy is ready', onPfA, 'b', { readiness: 'ready' }],
    ['one of its two PFs fails: the policy is failed', onPfA, 'both', { readiness: 'failed', why }],
    ['a policy without VFs on the node has nothing that could fail', onPfA, 'none', { readiness: 'ready' }],
    ['a pool is failed by any PF', onPfA, undefined, { readiness: 'failed', why }],
    [
      'a PF of no policy fails: every policy is ready',
      failedOn(['pf-c', 'VirtualFunctionInUse']),
      'a',
      { readiness: 'ready' },
    ],
    [
      'a failure has no PF: every policy is failed',
      failedOn([undefined, 'HostUnreadable']),
      'b',
      { readiness: 'failed', why: ['undefined failed'] },
    ],
    [
      'no list of failures, as from a daemon of the version before: every policy is failed',
      failedOn(),
      'b',
      { readiness: 'failed' },
    ],
    [
      'its PF is still to be done: the policy is progressing',
      failedOn(['pf-a', 'ApplyFailed'], ['pf-b', 'Applying']),
      'b',
      { readiness: 'progressing' },
    ],
    [
      'the failure is of an older spec: the policy is progressing',
      { ...onPfA, metadata: { name: 'n', generation: 4 } },
      'b',
      { readiness: 'progressing' },
    ],
  ])('%s', (_, nodeState, policy, verdict) => {
    expect(nodeReadiness(nodeState, policy)).toEqual(verdict);
  });
});

describe('configMapCondition', () => {
  const MIB = 1_048_576;
  const say = (...args: Parameters<typeof configMapCondition>): string => {
    const { type, status, reason, message } = configMapCondition(...args);
    expect(type).toBe('DevicePluginConfigWritten');
    return `${status} ${reason}: ${message.split(': set ')[0]}`;
  };

  it.each([
    [0.5, [], 'True ConfigMapFits: every node has its configuration'],
    [0.83, [], 'True ConfigMapNearlyFull: the ConfigMap c is above 80 % of the 1 MiB that it can hold'],
    [0.97, [], 'True ConfigMapNearlyFull: the ConfigMap c is above 95 % of the 1 MiB that it can hold'],
    [1, ['n2', 'n1'], 'False ConfigMapFull: no room for the configuration of 2 nodes: n1, n2; they stay as they are'],
  ])('a ConfigMap at %d of its limit, without room for %j, is %s', (part, refusedNodes, text) => {
    expect(say([{ name: 'c', bytes: part * MIB, refusedNodes }])).toBe(text);
  });
});

describe('nodesCondition', () => {
  it.each([
    [undefined, 'True NodesWritten: everything for the nodes is written'],
    [
      { nodes: ['a', 'b'], message: 'PATCH a: forbidden' },
      'False ReconcileFailed: cannot write node state, label or configuration of 2 nodes: a, b: PATCH a: forbidden',
    ],
  ])('%j is %s', (failed, text) => {
    const { type, status, reason, message } = nodesCondition(failed);
    expect(`${type}: ${status} ${reason}: ${message}`).toBe(`NodesWritten: ${text}`);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { configMapCondition } from './config-map-status.ts';
import { type DecidedStatus, type MatchedNode, readinessOf } from './node-status.ts';
import { policyStatus } from './policy-status.ts';
import { poolStatus } from './pool-status.ts';
import { type Problem } from './problem.ts';

const nodes = (readiness: MatchedNode['readiness'], ...names: string[]): MatchedNode[] =>
  names.map((name) => ({ name, readiness }));
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
    [{ ...none, selectedNodes: 0 }, 'none NoMatchingNodes: no managed node has the labels of spec.nodeSelector'],
    [
      none,
      'none NoMatchingInterfaces: no PF on the selected nodes (2) fits spec.nicSelector, or policies with precedence have all VFs',
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

describe('readinessOf', () => {
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
    expect(readinessOf(state(syncStatus, observed))).toBe(readiness);
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

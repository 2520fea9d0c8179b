import { describe, expect, it } from '@jest/globals';
import { type NodeStateStatus, type SriovNetworkPoolConfig } from '@sriov/api';
import { stalled } from '@sriov/controller';
import { FleetView } from '../caches/fleet-view.ts';
import { subjectOf } from '../subject.ts';
import {
  createOfflineParts,
  NAMESPACE,
  nodeOf,
  type OfflineParts,
  operatorConfigOf,
  policyOf,
  reportOf,
  stateOf,
} from '../test/offline-controllers.ts';
import { FailingNodes } from './failing-nodes.ts';
import { type Findings, NodeFindings } from './node-findings.ts';
import { type StatusSources } from './nodes-of.ts';
import { gatherPolicyFacts } from './policy-facts.ts';
import { gatherPoolFacts } from './pool-facts.ts';

const POLICY = subjectOf('SriovNetworkNodePolicy', 'p');
const POOL = subjectOf('SriovNetworkPoolConfig', 'q');

const poolOf = (
  zone: string | undefined,
  rest: Partial<SriovNetworkPoolConfig['metadata']> = {},
): SriovNetworkPoolConfig => ({
  metadata: { name: 'q', namespace: NAMESPACE, generation: 1, resourceVersion: '1', ...rest },
  spec: zone === undefined ? {} : { nodeSelector: { matchLabels: { zone } } },
});

/** Three nodes, of which two are in the east, and one there is not managed. */
function sourcesWith(fill: (parts: OfflineParts) => void = () => undefined): StatusSources {
  const parts = createOfflineParts();
  const { caches, settings } = parts;
  caches.operatorConfigs.store.upsert(operatorConfigOf());
  caches.nodes.store.upsert(nodeOf('a', { zone: 'east' }));
  caches.nodes.store.upsert(nodeOf('b', { zone: 'west' }));
  caches.nodes.store.upsert({ metadata: { name: 'control-plane', resourceVersion: '1', labels: { zone: 'east' } } });
  fill(parts);
  const view = new FleetView(caches, settings);
  return { caches, view, settings, findings: new NodeFindings(), failing: new FailingNodes() };
}

const foundOn = (rest: Partial<Findings> = {}): Findings => ({
  subjects: new Set([POLICY, POOL]),
  undecided: new Set(),
  problems: [],
  generations: new Map([
    [POLICY, 1],
    [POOL, 1],
  ]),
  isSettled: true,
  ...rest,
});
/** What the daemon of a node says that has done what it should. */
const ready = (interfaces = reportOf().interfaces ?? []): NodeStateStatus => ({
  ...reportOf({ interfaces }),
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'InSync',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
});

describe('the facts about a policy', () => {
  const east = policyOf('p', { nodeSelector: { zone: 'east' } });

  it('are about the managed nodes that it selects, as far as they were planned with it as it is now', () => {
    const sources = sourcesWith(({ caches }) => {
      caches.policies.store.upsert(east);
      caches.nodeStates.store.upsert(stateOf('a', { status: ready() }));
    });
    expect(gatherPolicyFacts(sources, east)).toMatchObject({ selectedNodes: 1, unplannedNodes: 1, matched: [] });
    sources.findings.set('a', foundOn());
    expect(gatherPolicyFacts(sources, east)).toMatchObject({
      selectedNodes: 1,
      unplannedNodes: 0,
      matched: [{ name: 'a', readiness: 'ready' }],
      problems: [],
    });
    const changed = policyOf('p', { nodeSelector: { zone: 'east' } }, { generation: 2 });
    expect(gatherPolicyFacts(sources, changed)).toMatchObject({ unplannedNodes: 1 });
  });

  it('are about all managed nodes where it selects without a condition', () => {
    const sources = sourcesWith();
    expect(gatherPolicyFacts(sources, policyOf('p'))).toMatchObject({ selectedNodes: 2, unplannedNodes: 2 });
    expect(gatherPolicyFacts(sources, { ...policyOf('p'), spec: undefined } as never).selectedNodes).toBe(2);
  });

  it('do not count a node as ready for which something still has to be written, or that has no node state', () => {
    const sources = sourcesWith(({ caches }) => caches.nodeStates.store.upsert(stateOf('a', { status: ready() })));
    sources.findings.set('a', foundOn({ isSettled: false }));
    sources.findings.set('b', foundOn());
    expect(gatherPolicyFacts(sources, policyOf('p')).matched).toEqual([{ name: 'a', readiness: 'progressing' }]);
  });

  it('name the problems of its own, of its nodes, and of what cannot be written, but not those of others', () => {
    const sources = sourcesWith(({ caches }) => {
      caches.policies.store.upsert(policyOf('p', { nicSelector: { pfNames: ['ens1#x'] } }));
      caches.policies.store.upsert(policyOf('other', { nicSelector: { pfNames: ['ens1#x'] } }));
    });
    const problem = { kind: 'SriovNetworkNodePolicy', name: 'p', reason: 'InvalidPolicy', message: 'on a' };
    sources.findings.set('a', foundOn({ problems: [problem as never] }));
    const failure = {
      ...stalled('ReconcileFailed', 'forbidden'),
      reason: 'ReconcileFailed' as const,
      cause: undefined,
    };
    sources.failing.set('b', { failure, subjects: new Set([POLICY]) });
    const { problems } = gatherPolicyFacts(sources, policyOf('p'));
    expect(problems).toHaveLength(3);
    expect(problems.map(({ name }) => name)).toEqual(['p', 'p', 'p']);
    expect(gatherPolicyFacts(sources, policyOf('other')).problems).toMatchObject([{ name: 'other' }]);
  });

  it.each<[string, (parts: OfflineParts) => void, string, object]>([
    ['stands in another namespace', () => undefined, 'other', { reason: 'WrongNamespace' }],
    [
      'has no SriovOperatorConfig',
      ({ caches }) => caches.operatorConfigs.store.remove(`${NAMESPACE}/default`),
      NAMESPACE,
      { reason: 'NoOperatorConfig' },
    ],
    [
      'has one that cannot be read',
      ({ caches }) =>
        caches.operatorConfigs.store.upsert({
          ...operatorConfigOf(),
          spec: { configDaemonNodeSelector: 'x' },
        } as never),
      NAMESPACE,
      {
        reason: 'OperatorConfigInvalid',
        message: 'the SriovOperatorConfig cannot be read: all nodes stay as they are until it can',
      },
    ],
  ])('are one problem where it %s', (_, fill, namespace, problem) => {
    const policy = policyOf('p', {}, { namespace });
    const facts = gatherPolicyFacts(sourcesWith(fill), policy);
    expect(facts).toEqual({
      selectedNodes: 0,
      unplannedNodes: 0,
      unreported: [],
      matched: [],
      problems: [expect.objectContaining({ name: 'p', ...problem })],
    });
  });

  it('explain why it matches no PF of its nodes, and only then', () => {
    const policy = policyOf('p', { nicSelector: { pfNames: ['ens9'] } });
    const sources = sourcesWith(({ caches }) => {
      caches.policies.store.upsert(policy);
      caches.policies.store.upsert(policyOf('other', { nicSelector: { pfNames: ['ens8'] } }));
      caches.nodeStates.store.upsert(stateOf('a', { status: ready() }));
    });
    expect(gatherPolicyFacts(sources, policy).mismatch).toMatch(/ens9/);
    expect(gatherPolicyFacts(sources, policyOf('unread')).mismatch).toBeUndefined();
    sources.findings.set('a', foundOn());
    expect(gatherPolicyFacts(sources, policy)).not.toHaveProperty('mismatch');
  });
});

describe('the facts about a pool', () => {
  const fill =
    (pool: SriovNetworkPoolConfig) =>
    ({ caches }: OfflineParts): void => {
      caches.pools.store.upsert(pool);
      caches.nodeStates.store.upsert(stateOf('a', { status: ready() }));
    };

  it('are about the managed nodes that it selects', () => {
    const pool = poolOf('east');
    const sources = sourcesWith(fill(pool));
    expect(gatherPoolFacts(sources, pool)).toMatchObject({ selectedNodes: 1, unplannedNodes: 1, isForOffload: false });
    sources.findings.set('a', foundOn());
    expect(gatherPoolFacts(sources, pool)).toMatchObject({
      selectedNodes: 1,
      unplannedNodes: 0,
      matched: [{ name: 'a', readiness: 'ready' }],
      problems: [],
      isForOffload: false,
    });
  });

  it('are one problem where it stands in another namespace', () => {
    expect(gatherPoolFacts(sourcesWith(), poolOf('east', { namespace: 'other' }))).toEqual({
      matched: [],
      unplannedNodes: 0,
      unreported: [],
      problems: [expect.objectContaining({ kind: 'SriovNetworkPoolConfig', name: 'q', reason: 'WrongNamespace' })],
      isForOffload: false,
    });
  });

  it('are that it has no nodes where it is for hardware offload', () => {
    const pool: SriovNetworkPoolConfig = { ...poolOf(undefined), spec: { ovsHardwareOffloadConfig: { name: 'mcp' } } };
    expect(gatherPoolFacts(sourcesWith(fill(pool)), pool)).toMatchObject({ selectedNodes: 0, isForOffload: true });
  });
});

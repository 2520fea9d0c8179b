import { type DrainProgress } from '@sriov/api';
import { describe, expect, it } from '@jest/globals';
import { readLimit } from './max-unavailable.ts';
import { type RolloutStep } from './next-step.ts';
import { planRollout } from './plan-rollout.ts';
import { podsToEvict } from './pods-to-evict.ts';
import { type RolloutNode } from './rollout-node.ts';
import { type RolloutPool } from './slots.ts';
import { rolloutNode } from './test/rollout-nodes.ts';

const DRAIN = { request: 'Drain_Required' } as const;
const REBOOT = { request: 'Reboot_Required' } as const;

/** Pools by name, each with its `maxUnavailable` and its nodes. */
type Pools = readonly (Omit<RolloutPool, 'limit'> & { readonly maxUnavailable?: number | string })[];

/** Carries out what is planned until nothing is left to do, on nodes without pods. */
function settle(pools: Pools): ReadonlyMap<string, RolloutNode> {
  const nodes = new Map(pools.flatMap((pool) => pool.nodes.map((node) => [node.name, node])));
  for (let pass = 0; pass < 10; pass += 1) {
    const steps = planRollout({
      pools: pools.map(({ name, maxUnavailable, nodes: members }) => ({
        name,
        limit: readLimit(maxUnavailable, members.length),
        nodes: members.map((node) => nodes.get(node.name) ?? node),
      })),
      unsure: [],
      countsOthers: true,
      isDrainDisabled: false,
    });
    for (const [name, step] of steps) {
      const node = nodes.get(name);
      if (node !== undefined) nodes.set(name, after(node, step));
    }
  }
  return nodes;
}

/** The node after a step, where no pod is in its way. */
function after(node: RolloutNode, step: RolloutStep): RolloutNode {
  const to = (progress: DrainProgress, isOurGrant: boolean): RolloutNode => ({
    ...node,
    isOurGrant,
    state: { ...asState(node), progress },
  });
  switch (step.kind) {
    case 'grant':
      return to('Draining', true);
    case 'evict':
    case 'complete':
      return to('DrainComplete', true);
    case 'release':
      return to('Idle', false);
    case 'cordon':
    case 'uncordon':
      return { ...node, isUnschedulable: step.change.unschedulable, cordon: step.change.record ?? undefined };
    default:
      return node;
  }
}

function asState({ state }: RolloutNode): Exclude<RolloutNode['state'], string> {
  if (typeof state === 'string') throw new TypeError(state);
  return state;
}

function progress(nodes: ReadonlyMap<string, RolloutNode>): Record<string, DrainProgress> {
  return Object.fromEntries([...nodes].map(([name, node]) => [name, asState(node).progress]));
}

const drained = (pools: Pools): string[] =>
  Object.entries(progress(settle(pools))).flatMap(([name, at]) => (at === 'Idle' ? [] : [name]));

describe('the vectors of the specification about drains', () => {
  it('26: of the three nodes of the default pool two ask, and one at a time is drained', () => {
    const first = rolloutNode('n1', DRAIN);
    const nodes = [first, rolloutNode('n2', DRAIN), rolloutNode('n3')];
    const settled = settle([{ maxUnavailable: 1, nodes }]);
    expect(progress(settled)).toEqual({ n1: 'DrainComplete', n2: 'Idle', n3: 'Idle' });
    const done = [...settled.values()].map((node) =>
      node.name === 'n1' ? { ...node, state: { ...asState(node), request: 'Idle' as const } } : node,
    );
    expect(progress(settle([{ maxUnavailable: 1, nodes: done }]))).toEqual({
      n1: 'Idle',
      n2: 'DrainComplete',
      n3: 'Idle',
    });
  });

  const three = ['n1', 'n2', 'n3'].map((name) => rolloutNode(name, DRAIN));

  it('27: a pool with maxUnavailable 2 drains two of the three that ask', () => {
    expect(drained([{ name: 'p', maxUnavailable: 2, nodes: three }])).toEqual(['n1', 'n2']);
  });

  it('28: a pool without maxUnavailable drains all three', () => {
    expect(drained([{ name: 'p', nodes: three }])).toEqual(['n1', 'n2', 'n3']);
  });

  it('29: two pools with one slot each, the default pool among them, drain one node each', () => {
    const nodesOf = (name: string): RolloutNode[] => [1, 2].map((index) => rolloutNode(`${name}${index}`, DRAIN));
    const pools = [
      { maxUnavailable: 1, nodes: nodesOf('default') },
      { name: 'p', maxUnavailable: 1, nodes: nodesOf('p') },
    ];
    expect(drained(pools)).toEqual(['default1', 'p1']);
  });

  it('30: the only node of a cluster is not cordoned for a reboot, and is for a drain', () => {
    const alone = (asked: object): RolloutNode | undefined =>
      settle([{ maxUnavailable: 1, nodes: [rolloutNode('n1', asked)] }]).get('n1');
    expect(alone({ ...REBOOT, allowsReboot: true })).toMatchObject({
      isUnschedulable: false,
      state: { progress: 'DrainComplete' },
    });
    expect(alone(DRAIN)).toMatchObject({ isUnschedulable: true, state: { progress: 'DrainComplete' } });
  });

  it('31: a node that takes its request back while it is drained is made schedulable, and is idle', () => {
    const cordon = { wasUnschedulable: false };
    const node = rolloutNode('n1', { progress: 'Draining', isUnschedulable: true, cordon });
    expect(settle([{ maxUnavailable: 1, nodes: [node, rolloutNode('n2')] }]).get('n1')).toMatchObject({
      isUnschedulable: false,
      cordon: undefined,
      state: { progress: 'Idle' },
    });
  });

  it('32: a node with an external drainer stays idle and schedulable', () => {
    const nodes = [rolloutNode('n1', { ...DRAIN, isExternal: true }), rolloutNode('n2')];
    expect(settle([{ maxUnavailable: 1, nodes }]).get('n1')).toMatchObject({
      isUnschedulable: false,
      state: { progress: 'Idle' },
    });
  });

  it('33: a node in two pools stays idle, and is told why', () => {
    const because = 'node n1 is in the pools a, b';
    const plan = planRollout({
      pools: [],
      unsure: [{ node: rolloutNode('n1', DRAIN), because, mayBeIn: ['a', 'b'] }],
      countsOthers: true,
      isDrainDisabled: false,
    });
    expect(plan.get('n1')).toEqual({ kind: 'wait', message: because });
  });

  it('34: a drain leaves pods without our resources, and one for a reboot takes them as well', () => {
    const pod = { namespace: 'apps', claimDrivers: [], isMirror: false, isOver: false, isAwaited: false };
    const pods = [
      { ...pod, name: 'web', resources: ['cpu'] },
      { ...pod, name: 'other', resources: ['openshift.iox/nic'] },
      { ...pod, name: 'dpdk', resources: ['openshift.io/nic'] },
    ];
    const names = (which: 'withVfs' | 'all'): string[] =>
      podsToEvict(pods, { pods: which, resourcePrefix: 'openshift.io' }).evict.map(({ name }) => name);
    expect(names('withVfs')).toEqual(['dpdk']);
    expect(names('all')).toEqual(['web', 'other', 'dpdk']);
  });
});

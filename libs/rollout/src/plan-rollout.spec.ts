import { describe, expect, it } from '@jest/globals';
import { type RolloutStep } from './next-step.ts';
import { planRollout } from './plan-rollout.ts';
import { type RolloutNode } from './rollout-node.ts';
import { rolloutNode } from './test/rollout-nodes.ts';

/** Plans the node `n1` beside a healthy one; both may be drained at once. */
function stepOf(
  node: RolloutNode,
  others: readonly RolloutNode[] = [rolloutNode('other')],
  isDrainDisabled = false,
): RolloutStep | undefined {
  const pools = [{ name: 'workers', limit: 2, nodes: [node, ...others] }];
  return planRollout({ pools, unsure: [], countsOthers: true, isDrainDisabled }).get(node.name);
}

const OURS = { wasUnschedulable: false };

describe('the next step about a node', () => {
  it.each<[string, Parameters<typeof rolloutNode>[1], RolloutStep]>([
    ['is none while it asks for nothing', {}, { kind: 'none' }],
    ['is a grant when its turn has come', { request: 'Drain_Required' }, { kind: 'grant' }],
    [
      'is its cordon before any pod is evicted',
      { request: 'Drain_Required', progress: 'Draining' },
      { kind: 'cordon', change: { unschedulable: true, record: OURS } },
    ],
    [
      'is the eviction of pods with VFs for a drain',
      { request: 'Drain_Required', progress: 'Draining', isUnschedulable: true, cordon: OURS },
      { kind: 'evict', pods: 'withVfs' },
    ],
    [
      'is the eviction of all pods for a reboot',
      { request: 'Reboot_Required', progress: 'Draining', isUnschedulable: true, cordon: OURS },
      { kind: 'evict', pods: 'all' },
    ],
    [
      'is none while the daemon works',
      { request: 'Drain_Required', progress: 'DrainComplete', isUnschedulable: true, cordon: OURS },
      { kind: 'none' },
    ],
    [
      'is its cordon when the Node was registered anew while the daemon works',
      { request: 'Reboot_Required', progress: 'DrainComplete' },
      { kind: 'cordon', change: { unschedulable: true, record: OURS } },
    ],
    [
      'is to give it back when it takes its request back in the middle of a drain',
      { request: 'Idle', progress: 'Draining', isUnschedulable: true, cordon: OURS },
      { kind: 'uncordon', change: { unschedulable: false, record: null } },
    ],
    ['is to free its slot when it was given back', { request: 'Idle', progress: 'DrainComplete' }, { kind: 'release' }],
    [
      'is to take a cordon of ours away that was left',
      { isUnschedulable: true, cordon: OURS },
      { kind: 'uncordon', change: { unschedulable: false, record: null } },
    ],
    ['leaves the cordon of an administrator', { isUnschedulable: true }, { kind: 'none' }],
    ['is none between the two writes of a request', { request: 'unsettled', progress: 'Draining' }, { kind: 'none' }],
    [
      'is none where an external drainer does it',
      { request: 'Drain_Required', progress: 'Draining', isExternal: true },
      { kind: 'none' },
    ],
  ])('%s', (_, facts, step) => {
    expect(stepOf(rolloutNode('n1', facts))).toEqual(step);
  });

  it('makes the annotations that a daemon waits for, also where an external drainer does the rest', () => {
    const state = { request: 'Idle', progress: 'Idle', missing: ['currentState'] } as const;
    expect(stepOf(rolloutNode('n1', { state, isExternal: true }))).toEqual({
      kind: 'prepare',
      missing: ['currentState'],
    });
  });

  it('does not empty the only node of a cluster for a reboot, and does for a drain', () => {
    const alone = (request: 'Drain_Required' | 'Reboot_Required'): unknown =>
      stepOf(rolloutNode('n1', { request, progress: 'Draining' }), []);
    expect(alone('Reboot_Required')).toEqual({ kind: 'complete', because: 'alone' });
    expect(alone('Drain_Required')).toMatchObject({ kind: 'cordon' });
  });

  it('reboots the only node of a cluster when an administrator allows it, and not before', () => {
    const alone = (facts: object): unknown => stepOf(rolloutNode('n1', facts), []);
    expect(alone({ request: 'Reboot_Required' })).toEqual({
      kind: 'wait',
      message: expect.stringMatching(/^it is the only node .* kubectl annotate node n1 .*\/allow-reboot=true$/),
    });
    expect(alone({ request: 'Reboot_Required', allowsReboot: true })).toEqual({ kind: 'grant' });
    expect(alone({ request: 'Drain_Required' })).toEqual({ kind: 'grant' });
    expect(stepOf(rolloutNode('n1', { request: 'Reboot_Required' }))).toEqual({ kind: 'grant' });
  });

  it.each<[string, Parameters<typeof rolloutNode>[1], RolloutStep]>([
    ['has its turn', { request: 'Reboot_Required' }, { kind: 'grant' }],
    ['keeps its pods', { request: 'Reboot_Required', progress: 'Draining' }, { kind: 'complete', because: 'disabled' }],
    [
      'keeps the rest of its pods when its drain has begun',
      { request: 'Drain_Required', progress: 'Draining', isUnschedulable: true, cordon: OURS, isOverdue: true },
      { kind: 'complete', because: 'disabled' },
    ],
    [
      'is not closed while its daemon works',
      { request: 'Reboot_Required', progress: 'DrainComplete' },
      { kind: 'none' },
    ],
    [
      'is given back as it was',
      { request: 'Idle', progress: 'DrainComplete', isUnschedulable: true, cordon: OURS },
      { kind: 'uncordon', change: { unschedulable: false, record: null } },
    ],
  ])('where nobody wants drains: the node %s', (_, facts, step) => {
    expect(stepOf(rolloutNode('n1', facts), undefined, true)).toEqual(step);
  });

  it('reboots one node after the other, and an only node without further consent, where nobody wants drains', () => {
    const asking = ['n1', 'n2', 'n3'].map((name) => rolloutNode(name, { request: 'Reboot_Required' }));
    const pools = [{ name: 'p', limit: 1, nodes: asking }];
    const plan = planRollout({ pools, unsure: [], countsOthers: true, isDrainDisabled: true });
    expect([...plan.values()].map(({ kind }) => kind)).toEqual(['grant', 'wait', 'wait']);
    expect(stepOf(rolloutNode('n1', { request: 'Reboot_Required' }), [], true)).toEqual({ kind: 'grant' });
  });

  it('says what is wrong with an annotation, and touches nothing', () => {
    expect(stepOf(rolloutNode('n1', { state: 'annotation x is "y"' }))).toEqual({
      kind: 'stuck',
      message: 'annotation x is "y"',
    });
  });

  it('goes on with what was begun on a node whose pool is not known, and begins nothing', () => {
    const mayBeIn = ['a', 'b'];
    const plan = planRollout({
      pools: [],
      unsure: [
        { node: rolloutNode('n1', { request: 'Drain_Required' }), because: 'node n1 is in the pools a, b', mayBeIn },
        {
          node: rolloutNode('n2', { request: 'Idle', progress: 'DrainComplete' }),
          because: 'node n2 is in a, b',
          mayBeIn,
        },
      ],
      countsOthers: true,
      isDrainDisabled: false,
    });
    expect(plan.get('n1')).toEqual({ kind: 'wait', message: 'node n1 is in the pools a, b' });
    expect(plan.get('n2')).toEqual({ kind: 'release' });
  });

  it('counts the slot of a node that has come into a second pool in both, and in no other', () => {
    const asking = { request: 'Drain_Required' } as const;
    const moved = rolloutNode('moved', { ...asking, progress: 'Draining' });
    const pools = ['a', 'b', undefined].map((name) => ({
      name,
      limit: 1,
      nodes: [rolloutNode(`in-${name ?? 'default'}`, asking)],
    }));
    const unsure = [{ node: moved, because: 'node moved is in the pools a, b', mayBeIn: ['a', 'b'] }];
    const plan = planRollout({ pools, unsure, countsOthers: true, isDrainDisabled: false });
    expect(plan.get('in-a')).toMatchObject({
      kind: 'wait',
      message: expect.stringContaining('moved (is being drained)'),
    });
    expect(plan.get('in-b')).toMatchObject({ kind: 'wait' });
    expect(plan.get('in-default')).toEqual({ kind: 'grant' });
  });

  it.each<[string, 'wait' | 'release' | 'force', Parameters<typeof rolloutNode>[1], RolloutStep]>([
    ['goes on', 'wait', { isUnschedulable: true, cordon: OURS }, { kind: 'evict', pods: 'withVfs' }],
    ['deletes pods', 'force', { isUnschedulable: true, cordon: OURS }, { kind: 'evict', pods: 'withVfs', force: true }],
    [
      'gives the node back first',
      'release',
      { isUnschedulable: true, cordon: OURS },
      { kind: 'uncordon', change: { unschedulable: false, record: null } },
    ],
    ['gives the slot back then', 'release', {}, { kind: 'giveUp' }],
  ])('about a drain that takes too long: %s, where the pool says %s', (_, __, facts, step) => {
    const node = rolloutNode('n1', { request: 'Drain_Required', progress: 'Draining', isOverdue: true, ...facts });
    const pools = [{ name: 'p', limit: 1, onTimeout: __, nodes: [node, rolloutNode('n2')] }];
    expect(planRollout({ pools, unsure: [], countsOthers: true, isDrainDisabled: false }).get('n1')).toEqual(step);
  });

  it('never gives up what the daemon has begun', () => {
    const facts = { progress: 'DrainComplete', isOverdue: true, isUnschedulable: true, cordon: OURS } as const;
    const nodes = [rolloutNode('n1', { request: 'Reboot_Required', ...facts }), rolloutNode('n2')];
    const pools = [{ name: 'p', limit: 1, onTimeout: 'release' as const, nodes }];
    expect(planRollout({ pools, unsure: [], countsOthers: true, isDrainDisabled: false }).get('n1')).toEqual({
      kind: 'none',
    });
  });

  it('is found for two pools at once, each with its own slots', () => {
    const asking = { request: 'Drain_Required' } as const;
    const pools = ['a', 'b'].map((name) => ({
      name,
      limit: 1,
      nodes: [rolloutNode(`${name}1`, asking), rolloutNode(`${name}2`, asking)],
    }));
    const plan = planRollout({ pools, unsure: [], countsOthers: true, isDrainDisabled: false });
    expect([...plan].filter(([, { kind }]) => kind === 'grant').map(([name]) => name)).toEqual(['a1', 'b1']);
  });
});

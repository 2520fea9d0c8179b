import { beforeEach, describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { pool } from '@sriov/testing/objects';
import { planNodeState } from '../plan-node-state.ts';
import { hash, PAUSED, RolloutModel } from '../test/rollout-model.ts';
import { type Canary } from './canary.ts';
import { decideRollout, type RolloutDecision } from './decide-rollout.ts';

let model: RolloutModel;
const NAMES = ['a', 'b', 'c', 'd'];
const vfsOf = (name: string): number => model.spec(name).interfaces?.[0]?.numVfs ?? 0;
const vfs = (): number[] => [...model.nodes.keys()].map(vfsOf);
const holdOf = (name: string): string | undefined => model.reconcile(name).decision.hold?.reason;
const reconcileAll = (): (string | undefined)[] => [...model.nodes.keys()].map(holdOf);

/** What is decided for a node that has no state. */
function newNode(): RolloutDecision {
  const { fleet, now } = model;
  const node = { name: 'new', labels: {}, state: undefined, devicePluginConfig: undefined };
  const devicePlugin = { home: 'device-plugin-config', texts: new Map<string, string>() };
  const present = { ...{ state: undefined, isOwned: false, exists: true, devicePluginLabel: undefined }, devicePlugin };
  const canary = (of: { readonly name: string }): Canary => model.canary(of.name);
  return decideRollout({ fleet, node, plan: planNodeState(fleet, node), present, hash, canaryOf: canary, now });
}

/** Four nodes that have what the policy p wants: 4 VFs. */
beforeEach(() => {
  model = new RolloutModel();
  NAMES.forEach((name) => model.join(name));
  model.store('p', { numVfs: 4 });
  model.settle();
  NAMES.forEach((name) => model.say(name, 'Succeeded'));
});

describe('a paused policy', () => {
  it('holds its nodes as they are when it is changed: spec, configuration and label, and says so', () => {
    const before = [...model.nodes.values()];
    model.store('p', { numVfs: 8, resourceName: 'other' }, PAUSED);
    const { decision, writes } = model.reconcile('a');
    expect(writes).toEqual([]);
    expect(decision.hold).toEqual({
      reason: 'RolloutPaused',
      message:
        'the policy p is paused (annotation sriovnetwork.openshift.io/paused), so the node keeps what it has until the annotation is removed',
      policies: ['p'],
    });
    reconcileAll();
    expect([...model.nodes.values()]).toEqual(before);
  });

  it.each([['true'], [''], ['yes'], ['False']])('is one whose annotation is %j', (value) => {
    model.store('p', { numVfs: 8 }, { [ANNOTATION.paused]: value });
    expect(holdOf('a')).toBe('RolloutPaused');
  });

  it('is none whose annotation is "false", and holds nothing that does not change', () => {
    model.annotate('p', PAUSED);
    expect(reconcileAll()).toEqual(NAMES.map(() => undefined));
    model.store('p', { numVfs: 8 }, { [ANNOTATION.paused]: 'false' });
    expect([holdOf('a'), vfsOf('a')]).toEqual([undefined, 8]);
  });

  it('holds what another policy wants on its nodes: a spec is written whole', () => {
    model.annotate('p', PAUSED);
    model.store('q', { numVfs: 8, nicSelector: { pfNames: ['ens1#4-7'] } });
    expect(reconcileAll()).toEqual(NAMES.map(() => 'RolloutPaused'));
    expect(vfs()).toEqual([4, 4, 4, 4]);
  });

  it('holds nodes that it no longer selects and on which it has VFs, and no others', () => {
    model.store('p', { nodeSelector: { zone: 'elsewhere' } }, PAUSED);
    model.join('e');
    model.store('q', { numVfs: 2 });
    expect(reconcileAll()).toEqual([...NAMES.map(() => 'RolloutPaused'), undefined]);
    expect(vfs()).toEqual([4, 4, 4, 4, 2]);
  });

  it('holds a new node before anything is planned for it', () => {
    model.annotate('p', PAUSED);
    model.join('e');
    expect(model.reconcile('e').writes).toEqual([]);
    expect(holdOf('e')).toBe('RolloutPaused');
  });

  it('holds the RDMA mode of a node that has no state yet: its daemon would set it', () => {
    model.pools = [pool('workers', { rdmaMode: 'exclusive' })];
    expect(newNode().plan.spec).toEqual({ system: { rdmaMode: 'exclusive' } });
    model.annotate('p', PAUSED);
    expect(newNode()).toMatchObject({ hold: { reason: 'RolloutPaused' }, plan: { spec: {} } });
    expect(newNode().plan.spec.system?.rdmaMode).toBeUndefined();
  });

  it('holds a wish that is only recorded: the daemon would give PFs back that the spec does not name', () => {
    model.join('e');
    model.store('p', { nicSelector: { pfNames: ['ens9'] } }, PAUSED);
    expect(holdOf('e')).toBe('RolloutPaused');
    expect(model.nodes.get('e')?.state.metadata.annotations).toBeUndefined();
  });

  it('holds nothing once it is deleted: its VFs go', () => {
    model.annotate('p', PAUSED);
    model.policies = [];
    expect(reconcileAll()).toEqual(NAMES.map(() => undefined));
    expect(vfs()).toEqual([0, 0, 0, 0]);
  });

  it('lets a change be finished of which the configuration was written before it was paused', () => {
    model.store('p', { numVfs: 8, resourceName: 'other' });
    model.reconcile('a', 1);
    expect(vfsOf('a')).toBe(4);
    model.annotate('p', PAUSED);
    expect(reconcileAll()).toEqual([undefined, 'RolloutPaused', 'RolloutPaused', 'RolloutPaused']);
    expect(vfs()).toEqual([8, 4, 4, 4]);
  });
});

const MINUTE = 60_000;
const WORKERS = pool('workers', { canary: { nodes: 2, succeededForSeconds: 60 } });

describe('the canary of a pool', () => {
  beforeEach(() => {
    model.pools = [WORKERS];
  });

  it('holds the RDMA mode of a node whose state is made anew', () => {
    model.pools = [pool('workers', { rdmaMode: 'exclusive', canary: { nodes: 2 } })];
    expect(reconcileAll().slice(2)).toEqual(['WaitingForCanary', 'WaitingForCanary']);
    expect(newNode().hold).toMatchObject({ reason: 'WaitingForCanary' });
    expect(newNode().plan.spec.system?.rdmaMode).toBeUndefined();
  });

  it('changes nothing by itself, and holds nothing when nothing changes', () => {
    expect(NAMES.map((name) => model.reconcile(name).writes)).toEqual(NAMES.map(() => []));
  });

  it('lets the first nodes begin, and the others once these have been Succeeded for the time', () => {
    model.store('p', { numVfs: 8 });
    expect(reconcileAll()).toEqual([undefined, undefined, 'WaitingForCanary', 'WaitingForCanary']);
    expect(vfs()).toEqual([8, 8, 4, 4]);
    model.say('a', 'Succeeded');
    model.say('b', 'InProgress');
    model.now += 30_000;
    model.say('b', 'Succeeded');
    model.now += 30_000;
    expect(reconcileAll().slice(2)).toEqual(['WaitingForCanary', 'WaitingForCanary']);
    expect(model.reconcile('c').decision.hold).toEqual({
      reason: 'WaitingForCanary',
      message:
        'the canary of the pool workers comes first: 2 nodes (now a, b) have to be Succeeded for 60 s before the others change',
      policies: [],
      lookAt: model.now + 30_000,
    });
  });

  it('says when time alone may end the wait, and then does', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    model.now += 5_000;
    model.say('a', 'Succeeded');
    model.say('b', 'Succeeded');
    const until = model.now + MINUTE;
    // The condition Ready has held without a break: the time counts from the write.
    expect(model.reconcile('c').decision.hold?.lookAt).toBe(until - 5_000);
    model.now = until - 5_001;
    expect(holdOf('c')).toBe('WaitingForCanary');
    model.now = until - 5_000;
    expect(reconcileAll()).toEqual(NAMES.map(() => undefined));
    expect(vfs()).toEqual([8, 8, 8, 8]);
  });

  it('stops the others when it fails, with node and cause, until it succeeds', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    model.say('a', 'Succeeded');
    model.say('b', 'Failed');
    model.now += 10 * MINUTE;
    const { hold } = model.reconcile('c').decision;
    expect(hold).toEqual({
      reason: 'CanaryFailed',
      message:
        'the canary of the pool workers failed on b, so the other nodes of the pool keep what they have until it succeeds there: ens1: it is broken',
      policies: [],
    });
    model.say('b', 'Succeeded');
    model.now += MINUTE;
    expect(reconcileAll()).toEqual(NAMES.map(() => undefined));
  });

  it('gives a correction to the nodes first that have the fault', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    model.say('a', 'Failed');
    model.store('p', { numVfs: 6 });
    const order = ['d', 'c', 'b', 'a'].map(holdOf);
    expect(order).toEqual(['CanaryFailed', 'CanaryFailed', undefined, undefined]);
    expect(vfs()).toEqual([6, 6, 4, 4]);
  });

  it('begins anew with a further generation, also while the others are being changed', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    ['a', 'b'].forEach((name) => model.say(name, 'Succeeded'));
    model.now += MINUTE;
    expect(holdOf('c')).toBeUndefined();
    model.store('p', { numVfs: 6 });
    expect(['d', 'c', 'b', 'a'].map(holdOf)).toEqual([undefined, undefined, 'WaitingForCanary', 'WaitingForCanary']);
  });

  it('takes another node where one of the first is gone', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    model.nodes.delete('a');
    expect(reconcileAll()).toEqual([undefined, undefined, 'WaitingForCanary']);
    expect(vfs()).toEqual([8, 8, 4]);
  });

  it('goes on for a new node once it was done, and is the canary where it never was', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    ['a', 'b'].forEach((name) => model.say(name, 'Succeeded'));
    model.now += MINUTE;
    reconcileAll();
    ['a', 'b'].forEach((name) => model.say(name, 'Failed'));
    model.join('e');
    expect([holdOf('e'), vfsOf('e')]).toEqual([undefined, 8]);
  });

  it.each<[number | string, number]>([
    [9, 4],
    ['50%', 2],
    ['1%', 1],
    ['100%', 4],
  ])('of %j nodes is %i of four', (nodes, count) => {
    model.pools = [pool('workers', { canary: { nodes } })];
    model.store('p', { numVfs: 8 });
    reconcileAll();
    expect(vfs().filter((number) => number === 8)).toHaveLength(count);
  });

  it.each([[0], [-1], ['0%'], ['101%'], ['two']])('of %j nodes lets nobody begin, and says so', (nodes) => {
    model.pools = [pool('workers', { canary: { nodes } })];
    model.store('p', { numVfs: 8 });
    expect(reconcileAll()).toEqual(NAMES.map(() => 'PoolInvalid'));
    expect(model.reconcile('a').decision.hold?.message).toContain(`spec.canary.nodes is ${JSON.stringify(nodes)}`);
  });

  it('is also for a change of the configuration alone, which keeps the spec', () => {
    model.store('p', { needVhostNet: true });
    expect(reconcileAll()).toEqual([undefined, undefined, 'WaitingForCanary', 'WaitingForCanary']);
    const served = [...model.nodes.values()].map(({ config = '' }) => config.includes('"NeedVhostNet":true'));
    expect(served).toEqual([true, true, false, false]);
  });

  it('does not count nodes for which nothing changes', () => {
    ['e', 'f'].forEach((name) => model.join(name, { zone: 'east' }));
    model.settle();
    ['e', 'f'].forEach((name) => model.say(name, 'Succeeded'));
    model.now += MINUTE;
    model.store('q', { numVfs: 8, nodeSelector: { zone: 'east' }, nicSelector: { pfNames: ['ens1#4-7'] } });
    model.pools = [pool('workers', { canary: { nodes: 1, succeededForSeconds: 60 } })];
    expect(reconcileAll()).toEqual([undefined, undefined, undefined, undefined, undefined, 'WaitingForCanary']);
  });

  it('is over when the pool no longer asks for it, and leaves no record', () => {
    model.store('p', { numVfs: 8 });
    reconcileAll();
    model.pools = [pool('workers')];
    model.settle();
    const annotations = [...model.nodes.values()].map(({ state }) => state.metadata.annotations?.[ANNOTATION.rollout]);
    expect([vfs(), annotations]).toEqual([[8, 8, 8, 8], NAMES.map(() => undefined)]);
  });
});

describe('a node of which nobody knows whether it has a canary', () => {
  it('is held where it is in several pools of which one asks for one', () => {
    model.pools = [WORKERS, pool('others')];
    model.store('p', { numVfs: 8 });
    expect(model.reconcile('a').decision.hold).toMatchObject({
      reason: 'NodeInSeveralPools',
      message:
        'the node is in the pools others, workers, of which one asks for a canary: it keeps what it has until it is in one pool',
    });
  });

  it('is held where a pool that cannot be read asks for one, and the node is in no other', () => {
    model.pools = [{ metadata: { name: 'broken' }, spec: { canary: { nodes: 1 }, nodeSelector: 5 } as never }];
    model.store('p', { numVfs: 8 });
    expect(model.reconcile('a').decision.hold).toMatchObject({ reason: 'PoolInvalid' });
    model.pools.push(pool('workers'));
    expect(holdOf('a')).toBeUndefined();
  });
});

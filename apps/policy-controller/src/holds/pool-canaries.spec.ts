import { beforeEach, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL, type SriovNetworkNodeState } from '@sriov/api';
import { type PreparedPool } from '@sriov/selection';
import { FleetView } from '../caches/fleet-view.ts';
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
import { PoolCanaries } from './pool-canaries.ts';

let parts: OfflineParts;
let view: FleetView;
let canaries: PoolCanaries;
/** How often held nodes were woken since the last time it was asked. */
let wakes = 0;
const woken = (): number => {
  const count = wakes;
  wakes = 0;
  return count;
};
const pool = (): PreparedPool => {
  const [first] = view.current.pools;
  if (first === undefined) throw new Error('there is no pool');
  return first;
};
const storePool = (spec: object, generation = 1): void =>
  parts.caches.pools.store.upsert({
    metadata: { name: 'q', namespace: NAMESPACE, generation, resourceVersion: `pool-${generation}` },
    spec: { nodeSelector: { matchLabels: { zone: 'a' } }, ...spec },
  });
const holders = (): string[] => [...canaries.of(pool()).holders.keys()];
/** The state of a node that was written as part of the present roll-out. */
const written = (name: string, part: 'canary' | 'rest', rest: Partial<SriovNetworkNodeState> = {}): void => {
  const { rollout } = canaries.of(pool());
  const annotations = { [ANNOTATION.rollout]: `${part} ${rollout} 2020-01-01T00:00:00Z` };
  parts.caches.nodeStates.store.upsert(stateOf(name, { status: reportOf(), metadata: { name, annotations }, ...rest }));
};

/** Two nodes in a pool that asks for a canary of one, and one in no pool. */
beforeEach(() => {
  parts = createOfflineParts();
  const { caches, clock, settings } = parts;
  caches.operatorConfigs.store.upsert(operatorConfigOf());
  caches.policies.store.upsert(policyOf('p'));
  caches.policies.store.upsert(policyOf('q', { nodeSelector: { tier: 'db' } }));
  storePool({ canary: { nodes: 1 } });
  view = new FleetView(caches, settings);
  canaries = new PoolCanaries({ caches, view, settings, now: () => clock.now(), onProgress: () => (wakes += 1) });
  for (const name of ['n1', 'n2']) {
    caches.nodes.store.upsert(nodeOf(name, { zone: 'a' }));
    caches.nodeStates.store.upsert(stateOf(name, { status: reportOf({ syncStatus: 'InProgress' }) }));
  }
  caches.nodes.store.upsert(nodeOf('other'));
  woken();
});

it('a place that was given out is taken before the caches show it, and until they show that it is not', () => {
  expect(holders()).toEqual([]);
  canaries.grant('n2');
  expect(holders()).toEqual(['n2']);
  canaries.settle('n2');
  expect([holders(), woken()]).toEqual([[], 0]);
});

it('a place that could not be used wakes those who wait for one, once', () => {
  canaries.grant('n1');
  canaries.giveBack('n1');
  canaries.giveBack('n1');
  expect([holders(), woken()]).toEqual([[], 1]);
});

it('a node whose device-plugin configuration is not that of its state has a place: its change has begun', () => {
  const { devicePluginConfigs, nodeStates } = parts.caches;
  const annotations = { [ANNOTATION.devicePluginConfigHash]: 'of something else' };
  nodeStates.store.upsert(stateOf('n1', { status: reportOf(), metadata: { name: 'n1', annotations } }));
  devicePluginConfigs.get('device-plugin-config')?.store.upsert({
    metadata: { name: 'device-plugin-config', namespace: NAMESPACE, resourceVersion: '1' },
    data: { n1: '{}' },
  });
  expect(holders()).toEqual(['n1']);
});

it('what a canary says wakes those who wait, and what others say does not', () => {
  written('n1', 'canary', { status: reportOf({ syncStatus: 'InProgress' }) });
  expect([holders(), woken()]).toEqual([['n1'], 1]);
  written('n1', 'canary', { status: reportOf({ syncStatus: 'Failed' }) });
  expect([canaries.of(pool()).holders.get('n1')?.kind, woken()]).toEqual(['failed', 1]);
  written('n1', 'canary', { status: reportOf({ syncStatus: 'Failed', lastSyncError: 'the same' }) });
  parts.caches.nodeStates.store.upsert(stateOf('n2', { status: reportOf({ syncStatus: 'Failed' }) }));
  expect(woken()).toBe(0);
  parts.caches.nodeStates.store.remove(`${NAMESPACE}/n1`);
  expect([holders(), woken()]).toEqual([[], 1]);
});

it('a canary that is done stays so whatever its nodes say later, until something else is rolled out', () => {
  written('n1', 'canary');
  expect(canaries.of(pool()).isDone).toBe(true);
  written('n1', 'canary', { status: reportOf({ syncStatus: 'Failed' }) });
  expect(canaries.of(pool()).isDone).toBe(true);
  parts.caches.policies.store.upsert(policyOf('p', { numVfs: 8 }, { generation: 2 }));
  expect(canaries.of(pool()).isDone).toBe(false);
});

it.each<[string, Record<string, string>, boolean]>([
  ['comes to another policy', { zone: 'a', tier: 'db' }, true],
  ['leaves the pool', { zone: 'b' }, true],
  ['gets its device plugin', { zone: 'a', [LABEL.devicePlugin]: 'Enabled' }, false],
])('a node that %s by its labels: does it change the roll-out?', (_, labels, isAnother) => {
  const before = canaries.of(pool()).rollout;
  const size = (): boolean => {
    canaries.grant('n1');
    return holders().includes('n1');
  };
  expect(size()).toBe(true);
  parts.caches.nodes.store.upsert(nodeOf('n1', labels));
  expect(woken()).toBe(isAnother ? 1 : 0);
  expect([canaries.of(pool()).rollout !== before, size()]).toEqual([labels['tier'] === 'db', labels['zone'] === 'a']);
});

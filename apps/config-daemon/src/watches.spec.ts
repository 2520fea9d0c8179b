import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type SriovNetworkNodeState, type SyncStatus } from '@sriov/api';
import { Store } from '@sriov/kube';
import { watchNodeState } from './watches.ts';

const OURS: SyncStatus = 'Succeeded';

interface StateChange {
  readonly generation?: number;
  readonly annotations?: Record<string, string>;
  readonly syncStatus?: SyncStatus;
}

function state(resourceVersion: string, change: StateChange = {}): SriovNetworkNodeState {
  const { generation = 1, annotations = {}, syncStatus = OURS } = change;
  return {
    metadata: { name: 'node-1', namespace: 'operator', resourceVersion, generation, annotations },
    status: { syncStatus },
  };
}

/** How often the daemon wakes for what happens to its node state, which stands in the store already. */
function wakesFor(change: (store: Store<SriovNetworkNodeState>) => void): number {
  const store = new Store<SriovNetworkNodeState>();
  store.upsert(state('1'));
  let wakes = 0;
  watchNodeState(store, { isOurs: (status) => status?.syncStatus === OURS }, () => (wakes += 1));
  wakes = 0;
  change(store);
  return wakes;
}

describe('the daemon', () => {
  it.each<[string, SriovNetworkNodeState]>([
    ['another spec', state('2', { generation: 2 })],
    [
      'another configuration of the device plugin',
      state('2', { annotations: { [ANNOTATION.devicePluginConfigHash]: 'b' } }),
    ],
    ['the text of that configuration', state('2', { annotations: { [ANNOTATION.devicePluginConfig]: '{}' } })],
    ['a spec that is planned now', state('2', { annotations: { [ANNOTATION.plannedFrom]: '' } })],
    ['a status that somebody else has written', state('2', { syncStatus: 'Failed' })],
  ])('wakes for %s', (_, next) => expect(wakesFor((store) => store.upsert(next))).toBe(1));

  it.each<[string, SriovNetworkNodeState]>([
    ['a status that it has written itself', state('2')],
    ['an annotation that is no wish', state('2', { annotations: { note: 'a' } })],
  ])('does not wake for %s', (_, next) => expect(wakesFor((store) => store.upsert(next))).toBe(0));

  it('wakes when its node state is deleted, and when it comes again', () => {
    expect(wakesFor((store) => store.remove('operator/node-1'))).toBe(1);
    const comeAgain = (store: Store<SriovNetworkNodeState>): void => {
      store.remove('operator/node-1');
      store.upsert(state('2'));
    };
    expect(wakesFor(comeAgain)).toBe(2);
  });

  it('wakes when the watch begins with a node state that is there', () => {
    const store = new Store<SriovNetworkNodeState>();
    store.upsert(state('1'));
    let wakes = 0;
    watchNodeState(store, { isOurs: () => true }, () => (wakes += 1));
    expect(wakes).toBe(1);
  });
});

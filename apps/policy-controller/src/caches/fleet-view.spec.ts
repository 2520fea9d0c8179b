import { describe, expect, it } from '@jest/globals';
import { createOfflineParts, NAMESPACE, operatorConfigOf, policyOf, settingsOf } from '../test/offline-controllers.ts';
import { type Caches } from './caches.ts';
import { FleetView } from './fleet-view.ts';

const create = (): { caches: Caches; view: FleetView } => {
  const { caches } = createOfflineParts();
  return { caches, view: new FleetView(caches, settingsOf()) };
};
const namesIn = (view: FleetView): string[] => view.current.policies.map(({ name }) => name);

describe('FleetView', () => {
  it('shows a change to a listener that subscribed before the view was made', () => {
    const { caches } = createOfflineParts();
    const seen: string[][] = [];
    const views: FleetView[] = [];
    caches.policies.store.subscribe(() => void seen.push(...views.map(namesIn)));
    const view = new FleetView(caches, settingsOf());
    views.push(view);
    expect(namesIn(view)).toEqual([]);
    caches.policies.store.upsert(policyOf('a'));
    expect(seen).toEqual([['a']]);
  });

  it('prepares the fleet once, and again when a spec in it changed, not for a status', () => {
    const { caches, view } = create();
    caches.operatorConfigs.store.upsert(operatorConfigOf());
    caches.policies.store.upsert(policyOf('a'));
    const first = view.current;
    expect(view.current).toBe(first);
    const { generations } = view;
    caches.policies.store.upsert({ ...policyOf('a'), status: { matchedNodeCount: 1 } });
    expect([view.current, view.generations]).toEqual([first, generations]);
    expect(view.current).toBe(first);
    expect(view.generations).toBe(generations);
    caches.policies.store.upsert(policyOf('a', { numVfs: 2 }, { generation: 2 }));
    expect(view.current).not.toBe(first);
    expect(view.generations).toEqual(new Map([['SriovNetworkNodePolicy/a', 2]]));
  });

  it.each<[string, (caches: Caches) => void]>([
    ['a policy is gone', ({ policies }) => policies.store.remove(`${NAMESPACE}/a`)],
    ['a policy was replaced', ({ policies }) => policies.store.upsert(policyOf('a', {}, { uid: 'other' }))],
    [
      'a pool came',
      ({ pools }) => pools.store.upsert({ metadata: { name: 'p', namespace: NAMESPACE, generation: 1 }, spec: {} }),
    ],
    ['the SriovOperatorConfig came', ({ operatorConfigs }) => operatorConfigs.store.upsert(operatorConfigOf())],
    [
      'the list of NICs changed',
      ({ supportedNics }) =>
        supportedNics.store.upsert({
          metadata: { name: 'supported-nic-ids', namespace: NAMESPACE, resourceVersion: '2' },
          data: { Other: '8086 1592 1889' },
        }),
    ],
  ])('prepares the fleet again when %s', (_, change) => {
    const { caches, view } = create();
    caches.policies.store.upsert(policyOf('a'));
    caches.supportedNics.store.upsert({
      metadata: { name: 'supported-nic-ids', namespace: NAMESPACE, resourceVersion: '1' },
      data: { Mine: '8086 1592 1889' },
    });
    const before = view.current;
    change(caches);
    expect(view.current).not.toBe(before);
  });

  it("reads policies, pools and the SriovOperatorConfig of the operator's namespace alone", () => {
    const { caches, view } = create();
    caches.policies.store.upsert(policyOf('ours'));
    caches.policies.store.upsert(policyOf('theirs', {}, { namespace: 'elsewhere' }));
    caches.pools.store.upsert({ metadata: { name: 'theirs', namespace: 'elsewhere', generation: 1 }, spec: {} });
    caches.pools.store.upsert({ metadata: { name: 'ours', namespace: NAMESPACE, generation: 3 }, spec: {} });
    caches.operatorConfigs.store.upsert(operatorConfigOf({ namespace: 'elsewhere' }));
    expect([namesIn(view), view.current.pools.map(({ name }) => name)]).toEqual([['ours'], ['ours']]);
    expect(view.generations).toEqual(
      new Map([
        ['SriovNetworkNodePolicy/ours', 1],
        ['SriovNetworkPoolConfig/ours', 3],
      ]),
    );
    expect(view.operatorConfig).toBeUndefined();
    const config = operatorConfigOf();
    caches.operatorConfigs.store.upsert(config);
    expect(view.operatorConfig).toEqual(config);
  });

  it('hands the list of supported NICs, and whether it counts, to the fleet', () => {
    const { caches } = createOfflineParts();
    const strict = new FleetView(caches, settingsOf({ supportedNicsOnly: true }));
    caches.supportedNics.store.upsert({
      metadata: { name: 'supported-nic-ids', namespace: NAMESPACE, resourceVersion: '1' },
      data: { Bad: 'nonsense' },
    });
    expect(strict.current.problems).toMatchObject([{ kind: 'ConfigMap', reason: 'NicListInvalid' }]);
    expect([strict, new FleetView(caches, settingsOf())].map(({ current }) => current.supportedNicsOnly)).toEqual([
      true,
      false,
    ]);
  });
});

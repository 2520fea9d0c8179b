import { describe, expect, it } from '@jest/globals';
import { type ObservedInterface } from '@sriov/api';
import { allInformers, type Caches, createCaches } from './caches.ts';
import { gather } from './gather.ts';
import { createOfflineWebhook } from './test/offline-webhook.ts';

const NAMESPACE = 'operator';
const create = (): Caches => createCaches(createOfflineWebhook().informerContext, NAMESPACE);
const metadataOf = (name: string): { name: string; namespace: string; resourceVersion: string } => ({
  name,
  namespace: NAMESPACE,
  resourceVersion: '1',
});
const pf: ObservedInterface = {
  name: 'ens1',
  pciAddress: '0000:3b:00.0',
  vendor: '8086',
  deviceID: '1592',
  totalvfs: 8,
  altNames: ['left'],
  netFilter: 'openstack/NetworkID:1',
  mac: '02:00:00:00:00:01',
  Vfs: [{ vfID: 0, pciAddress: '0000:3b:01.0' }],
};

interface Status {
  readonly interfaces: [ObservedInterface];
}

describe('the caches of the webhook', () => {
  it('keep of a node its name and its labels', () => {
    const { nodes } = create();
    const metadata = { name: 'n1', resourceVersion: '1', labels: { a: 'b' } };
    nodes.store.upsert({ metadata: { ...metadata, uid: 'u', annotations: { large: 'x' } } });
    expect(nodes.store.list()).toEqual([{ metadata }]);
  });

  it('keep of a node state what was ordered and what a rule looks at, and no VFs', () => {
    const { nodeStates } = create();
    const interfaces = [{ pciAddress: '0000:3b:00.0', numVfs: 2 }];
    nodeStates.store.upsert({
      metadata: { ...metadataOf('n1'), annotations: { a: 'b' } },
      spec: { interfaces, system: { rdmaMode: 'shared' } },
      status: { interfaces: [pf], syncStatus: 'Succeeded', lastSyncError: 'x' },
    });
    const [kept] = nodeStates.store.list() as unknown as [Record<'metadata' | 'spec', object> & { status: Status }];
    expect(kept).toMatchObject({
      metadata: metadataOf('n1'),
      spec: { interfaces },
      status: { syncStatus: 'Succeeded' },
    });
    expect(Object.keys(kept.metadata)).not.toContain('annotations');
    expect([Object.keys(kept.spec), Object.keys(kept.status).sort()]).toEqual([
      ['interfaces'],
      ['interfaces', 'syncStatus'],
    ]);
    const { mac: _, Vfs: __, ...seen } = pf;
    const [nic] = kept.status.interfaces;
    expect(nic).toMatchObject(seen);
    expect(Object.keys(nic)).not.toContain('Vfs');
    expect(Object.keys(nic)).not.toContain('mac');
  });

  it('keep a node state without spec and status', () => {
    const { nodeStates } = create();
    nodeStates.store.upsert({ metadata: metadataOf('n1') });
    expect(nodeStates.store.list()).toEqual([{ metadata: metadataOf('n1'), spec: {}, status: {} }]);
  });

  it("follow what is in the operator's namespace, and are all run", async () => {
    const { informerContext, connection, clock } = createOfflineWebhook();
    connection.script = () => ({ body: { metadata: { resourceVersion: '1' }, items: [] } });
    const informers = allInformers(createCaches(informerContext, NAMESPACE));
    const stop = new AbortController();
    const runs = informers.map((informer) => informer.run(stop.signal));
    await Promise.all(informers.map(({ synced }) => synced));
    stop.abort();
    await clock.advance(0);
    await Promise.all(runs);
    const lists = connection.sent.filter(({ query }) => query['watch'] !== 'true');
    const group = `/apis/sriovnetwork.openshift.io/v1/namespaces/${NAMESPACE}`;
    expect(lists.map(({ path, query }) => [path, query['limit'], query['fieldSelector']]).sort()).toEqual([
      ['/api/v1/namespaces/operator/configmaps', '500', 'metadata.name=supported-nic-ids'],
      ['/api/v1/nodes', '500', undefined],
      [`${group}/sriovnetworknodepolicies`, '500', undefined],
      [`${group}/sriovnetworknodestates`, '100', undefined],
      [`${group}/sriovnetworkpoolconfigs`, '500', undefined],
    ]);
  });

  it('are gathered for a verdict', () => {
    const caches = create();
    const { nodes, nodeStates, policies, pools, supportedNics } = caches;
    expect(gather(caches, NAMESPACE)).toEqual({
      nodes: [],
      nodeStates: [],
      policies: [],
      pools: [],
      supportedNics: undefined,
    });
    nodes.store.upsert({ metadata: metadataOf('n1') });
    nodeStates.store.upsert({ metadata: metadataOf('n1') });
    policies.store.upsert({ metadata: metadataOf('p') });
    pools.store.upsert({ metadata: metadataOf('q') });
    supportedNics.store.upsert({ metadata: metadataOf('supported-nic-ids'), data: { a: 'b' } });
    supportedNics.store.upsert({ metadata: { ...metadataOf('supported-nic-ids'), namespace: 'other' }, data: {} });
    expect(gather(caches, NAMESPACE)).toEqual({
      nodes: nodes.store.list(),
      nodeStates: nodeStates.store.list(),
      policies: policies.store.list(),
      pools: pools.store.list(),
      supportedNics: { a: 'b' },
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type ObservedInterface } from '@sriov/api';
import { configHash } from '@sriov/runtime';
import { createOfflineParts, NAMESPACE, nodeOf, stateOf } from '../test/offline-controllers.ts';
import { allInformers } from './caches.ts';

const pf: ObservedInterface = {
  name: 'ens1',
  pciAddress: '0000:3b:00.0',
  vendor: '8086',
  deviceID: '1592',
  totalvfs: 8,
  altNames: ['left'],
  netFilter: 'openstack/NetworkID:1',
  mac: '02:00:00:00:00:01',
  Vfs: [0, 1].map((vfID) => ({ vfID, pciAddress: `0000:3b:01.${vfID}`, deviceID: '1889', driver: 'iavf', mtu: 1500 })),
};

describe('the caches of the policy controller', () => {
  it('keep of a node its identity and its labels', () => {
    const { nodes } = createOfflineParts().caches;
    const node = nodeOf('n1', { own: 'n1' });
    nodes.store.upsert({ ...node, metadata: { ...node.metadata, annotations: { large: 'x' } } });
    expect(nodes.store.get('n1')).toEqual(node);
  });

  it('keep of a node state what planning and statuses read, and of its VFs the first, for its device id', () => {
    const { nodeStates } = createOfflineParts().caches;
    const spec = { interfaces: [{ pciAddress: '0000:3b:00.0', numVfs: 2 }] };
    const told = { syncStatus: 'Failed', failures: [{ message: 'm', reason: 'ApplyFailed', since: 's' }] };
    const conditions = [
      {
        type: 'Ready',
        status: 'False' as const,
        reason: 'R',
        message: 'm',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ];
    const status = { interfaces: [pf], ...told, lastSyncError: 'm', conditions } as never;
    nodeStates.store.upsert(stateOf('n1', { spec, status }));
    const kept = nodeStates.store.get(`${NAMESPACE}/n1`);
    expect(kept).toMatchObject({ metadata: { name: 'n1' }, spec, status: { ...told, conditions } });
    expect(kept?.status).not.toHaveProperty('lastSyncError');
    const [nic] = kept?.status?.interfaces ?? [];
    expect(nic).toMatchObject({
      name: 'ens1',
      pciAddress: '0000:3b:00.0',
      vendor: '8086',
      deviceID: '1592',
      totalvfs: 8,
      altNames: ['left'],
      netFilter: 'openstack/NetworkID:1',
    });
    expect(nic?.Vfs).toEqual([{ vfID: 0, pciAddress: '0000:3b:01.0', deviceID: '1889' }]);
    expect(nic).not.toHaveProperty('mac');
  });

  it('keep of the configuration on a node state its hash', () => {
    const { nodeStates } = createOfflineParts().caches;
    const { metadata } = stateOf('n1');
    const annotations = { [ANNOTATION.devicePluginConfig]: '{"resourceList":[]}', other: 'x' };
    nodeStates.store.upsert({ metadata: { ...metadata, annotations } });
    expect(nodeStates.store.get(`${NAMESPACE}/n1`)?.metadata.annotations).toEqual({
      [ANNOTATION.devicePluginConfig]: configHash('{"resourceList":[]}'),
      other: 'x',
    });
  });

  it('keep a node state that was never written to', () => {
    const { nodeStates } = createOfflineParts().caches;
    const { metadata } = stateOf('n1');
    nodeStates.store.upsert({ metadata });
    expect(nodeStates.store.get(`${NAMESPACE}/n1`)).toMatchObject({ metadata, spec: {} });
  });

  it('follow one ConfigMap for each shard, and are all run', async () => {
    const { caches, clock, connection } = createOfflineParts({ devicePluginConfigShards: 2 });
    expect([...caches.devicePluginConfigs.keys()]).toEqual(['device-plugin-config', 'device-plugin-config-1']);
    expect(allInformers(caches)).toHaveLength(8);
    const stop = new AbortController();
    connection.script = () => ({ body: { metadata: { resourceVersion: '1' }, items: [] } });
    const runs = allInformers(caches).map((informer) => informer.run(stop.signal));
    await Promise.all(allInformers(caches).map(({ synced }) => synced));
    stop.abort();
    await clock.advance(0);
    await Promise.all(runs);
    const lists = connection.sent.filter(({ query }) => query['watch'] !== 'true');
    const about = lists.map(({ path, query }) => [path, query['fieldSelector'], query['limit']]);
    const config = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
    const group = '/apis/sriovnetwork.openshift.io/v1';
    expect(about.toSorted()).toEqual(
      [
        ['/api/v1/nodes', undefined, '500'],
        [config, 'metadata.name=device-plugin-config', '500'],
        [config, 'metadata.name=device-plugin-config-1', '500'],
        [config, 'metadata.name=supported-nic-ids', '500'],
        [`${group}/namespaces/${NAMESPACE}/sriovnetworknodestates`, undefined, '50'],
        [`${group}/namespaces/${NAMESPACE}/sriovoperatorconfigs`, 'metadata.name=default', '500'],
        [`${group}/sriovnetworknodepolicies`, undefined, '500'],
        [`${group}/sriovnetworkpoolconfigs`, undefined, '500'],
      ].toSorted(),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, FIELD_BOUNDS, FINALIZER, MAX_CNI_CONFIG_LENGTH } from '@sriov/api';
import { allInformers, BY_ATTACHMENT, BY_NAMESPACE, BY_OWNER, type Caches } from './caches.ts';
import { attachmentOf, createOfflineRenderer, networkOf, OPERATOR } from './test/offline-renderer.ts';

const put = ({ networks }: Caches, network: object): unknown => {
  const store = networks.get('SriovNetwork')?.store;
  store?.upsert(network as never);
  return store?.get(`${OPERATOR}/blue`);
};

describe('the caches of the network renderer', () => {
  it('find networks by the attachment that they want and by its namespace', () => {
    const { caches } = createOfflineRenderer();
    put(caches, networkOf('blue', { networkNamespace: 'team' }));
    put(caches, networkOf('red'));
    const names = (index: string, value: string): string[] =>
      (caches.networks.get('SriovNetwork')?.store.byIndex(index, value) ?? []).map(({ metadata }) => metadata.name);
    expect([names(BY_ATTACHMENT, 'team/blue'), names(BY_ATTACHMENT, `${OPERATOR}/red`)]).toEqual([['blue'], ['red']]);
    expect([names(BY_NAMESPACE, 'team'), names(BY_NAMESPACE, OPERATOR)]).toEqual([['blue'], ['red']]);
  });

  it('find attachments by the owner that they name', () => {
    const { attachments } = createOfflineRenderer().caches;
    attachments.store.upsert(attachmentOf('blue', 'team', { [ANNOTATION.ownerRef]: 'me' }));
    attachments.store.upsert(attachmentOf('red', 'team'));
    const names = (owner: string): string[] =>
      attachments.store.byIndex(BY_OWNER, owner).map(({ metadata }) => metadata.name);
    expect([names('me'), names('')]).toEqual([['blue'], ['red']]);
  });

  it('keep of a network what rendering reads, and of long fields so much that they are still too long', () => {
    const { caches } = createOfflineRenderer();
    const spec = {
      vlan: 7,
      ipam: 'x'.repeat(FIELD_BOUNDS.json + 2),
      metaPlugins: 'x'.repeat(FIELD_BOUNDS.json),
      trunk: Array(FIELD_BOUNDS.vlans + 2).fill({ id: 1 }),
    };
    const identity = {
      uid: 'u',
      generation: 3,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      finalizers: [FINALIZER.network],
      ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n', uid: 'o' }],
      resourceVersion: '9',
    };
    const annotations = { [ANNOTATION.lastNetworkNamespace]: 'team', theirs: 'x' };
    const network = networkOf('blue', spec, { ...identity, annotations, labels: { a: 'b' } });
    expect(put(caches, network)).toEqual({
      metadata: {
        name: 'blue',
        namespace: OPERATOR,
        ...identity,
        annotations: { [ANNOTATION.lastNetworkNamespace]: 'team' },
      },
      spec: {
        resourceName: 'r',
        logLevel: 'info',
        vlan: 7,
        ipam: 'x'.repeat(FIELD_BOUNDS.json + 1),
        metaPlugins: spec.metaPlugins,
        trunk: Array(FIELD_BOUNDS.vlans + 1).fill({ id: 1 }),
      },
    });
  });

  it('keep a network without a spec, and its conditions', () => {
    const { caches } = createOfflineRenderer();
    const { metadata } = networkOf('blue');
    expect(put(caches, { metadata, status: { conditions: [] } })).toEqual({ metadata, status: { conditions: [] } });
  });

  it('keep of an attachment its owner, its resource and its configuration, unless that is longer than any of ours', () => {
    const { attachments } = createOfflineRenderer().caches;
    const annotations = { [ANNOTATION.ownerRef]: 'me', [ANNOTATION.resourceName]: 'r', theirs: 'x' };
    const { theirs: _, ...ours } = annotations;
    const config = (length: number): unknown => {
      const attachment = attachmentOf('blue', 'team', annotations);
      attachments.store.upsert({ ...attachment, spec: { config: 'x'.repeat(length) } });
      const kept = attachments.store.get('team/blue');
      expect(kept?.metadata).toEqual({ ...attachment.metadata, annotations: ours });
      return kept?.spec?.config?.length;
    };
    expect([config(MAX_CNI_CONFIG_LENGTH), config(MAX_CNI_CONFIG_LENGTH + 1)]).toEqual([
      MAX_CNI_CONFIG_LENGTH,
      undefined,
    ]);
  });

  it('are seven, and all are run', () => {
    const { caches } = createOfflineRenderer();
    expect(allInformers(caches)).toHaveLength(7);
    expect([...caches.networks.keys()]).toEqual(['SriovNetwork', 'SriovIBNetwork', 'OVSNetwork']);
  });
});

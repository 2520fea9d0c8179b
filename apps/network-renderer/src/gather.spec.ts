import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, FINALIZER, type SriovNetwork } from '@sriov/api';
import { type AttachmentFacts, ownerRefOf } from '@sriov/attachment';
import { refusal } from '@sriov/testing';
import { gather, gatherRemoval } from './gather.ts';
import {
  attachmentOf,
  createOfflineRenderer,
  networkOf,
  nextVersion,
  OPERATOR,
  type OfflineRenderer,
  settingsOf,
} from './test/offline-renderer.ts';

const put = ({ caches }: OfflineRenderer, network: SriovNetwork): void =>
  caches.networks.get('SriovNetwork')?.store.upsert(network);
const gatherOf = ({ caches }: OfflineRenderer, name: string, kind = 'SriovNetwork'): AttachmentFacts | undefined =>
  gather(caches, { kind, key: `${OPERATOR}/${name}` }, settingsOf());
const ownedBy = (network: SriovNetwork): Record<string, string> => ({
  [ANNOTATION.ownerRef]: ownerRefOf({ ...network, kind: 'SriovNetwork' }),
});

describe('gather', () => {
  it('finds nothing of a network that is gone, or of a kind that is none', () => {
    const renderer = createOfflineRenderer();
    expect([gatherOf(renderer, 'blue'), gatherOf(renderer, 'blue', 'Other')]).toEqual([undefined, undefined]);
  });

  it('reads the network, its attachment, those that it left elsewhere, and whether its namespace is there', () => {
    const renderer = createOfflineRenderer();
    const network = networkOf('blue', { networkNamespace: 'team' });
    put(renderer, network);
    const [present, stray] = [
      attachmentOf('blue', 'team', ownedBy(network)),
      attachmentOf('blue', 'old', ownedBy(network)),
    ];
    for (const each of [present, stray, attachmentOf('blue', 'other')]) renderer.caches.attachments.store.upsert(each);
    const facts = gatherOf(renderer, 'blue');
    expect(facts?.network).toMatchObject({ kind: 'SriovNetwork', metadata: { name: 'blue' } });
    expect([facts?.present?.metadata.namespace, facts?.strays.map(({ metadata }) => metadata.namespace)]).toEqual([
      'team',
      ['old'],
    ]);
    expect(JSON.stringify(facts?.rendered)).toContain('example.org/r');
    expect(facts?.namespaceExists).toBe(false);
  });

  it('takes a namespace that is being deleted for one that is not there', () => {
    const renderer = createOfflineRenderer();
    put(renderer, networkOf('blue', { networkNamespace: 'team' }));
    const metadata = { name: 'team', resourceVersion: nextVersion() };
    renderer.caches.namespaces.store.upsert({ metadata });
    expect(gatherOf(renderer, 'blue')?.namespaceExists).toBe(true);
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    renderer.caches.namespaces.store.upsert({
      metadata: { ...metadata, resourceVersion: nextVersion(), deletionTimestamp },
    });
    expect(gatherOf(renderer, 'blue')?.namespaceExists).toBe(false);
  });

  it('takes a network for one that is being deleted when its own namespace is', () => {
    const renderer = createOfflineRenderer();
    put(renderer, networkOf('blue', { networkNamespace: 'team' }));
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    renderer.caches.namespaces.store.upsert({
      metadata: { name: OPERATOR, resourceVersion: nextVersion(), deletionTimestamp },
    });
    expect(gatherOf(renderer, 'blue')?.network.metadata.deletionTimestamp).toBe(deletionTimestamp);
  });
});

describe('gatherRemoval', () => {
  const finalizers = [FINALIZER.network];
  const before = { [ANNOTATION.lastNetworkNamespace]: 'old' };
  const path = (namespace: string): string =>
    `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/blue`;

  /** What is gathered of a network whose attachments the server alone knows of, and the paths that were asked for. */
  async function remove(
    network: SriovNetwork,
    onServer: Record<string, object>,
    cached: Partial<AttachmentFacts> = {},
  ): Promise<[AttachmentFacts, string[]]> {
    const renderer = createOfflineRenderer();
    put(renderer, network);
    renderer.connection.script = (request) =>
      onServer[request.path] ? { body: onServer[request.path] as object } : undefined;
    const facts = gatherOf(renderer, 'blue');
    if (facts === undefined) throw new Error('there is no network');
    const gathered = await gatherRemoval(renderer.client, { ...facts, ...cached });
    return [gathered, renderer.connection.sent.map((request) => request.path)];
  }

  it('asks the server about the places of which the caches know nothing', async () => {
    const network = networkOf('blue', { networkNamespace: 'team' }, { finalizers, annotations: before });
    const [present, stray] = [attachmentOf('blue', 'team'), attachmentOf('blue', 'old', ownedBy(network))];
    const [facts, asked] = await remove(network, { [path('team')]: present, [path('old')]: stray });
    expect([facts.present, facts.strays, asked.sort()]).toEqual([present, [stray], [path('old'), path('team')]]);
  });

  it('asks nothing when the caches know both, or when there is nothing to remove before it goes', async () => {
    const known = networkOf('blue', { networkNamespace: 'team' }, { finalizers, annotations: before });
    const cached = { present: attachmentOf('blue', 'team'), strays: [attachmentOf('blue', 'old')] };
    expect((await remove(known, {}, cached))[1]).toEqual([]);
    expect((await remove(networkOf('blue', { networkNamespace: 'team' }), {}))[1]).toEqual([]);
  });

  it.each([
    ['belongs to another network', before, { [path('old')]: attachmentOf('blue', 'old') }, [path('old'), path('team')]],
    ['is not there', before, {}, [path('old'), path('team')]],
    ['would be the attachment itself', { [ANNOTATION.lastNetworkNamespace]: 'team' }, {}, [path('team')]],
    ['was never recorded', {}, {}, [path('team')]],
  ])('finds no stray where it %s', async (_, annotations, onServer, paths) => {
    const network = networkOf('blue', { networkNamespace: 'team' }, { finalizers, annotations });
    const [facts, asked] = await remove(network, onServer);
    expect([facts.present, facts.strays, asked.sort()]).toEqual([undefined, [], paths]);
  });

  it('fails when the server does not answer', async () => {
    const renderer = createOfflineRenderer();
    put(renderer, networkOf('blue', { networkNamespace: 'team' }, { finalizers }));
    renderer.connection.script = () => refusal(500);
    const facts = gatherOf(renderer, 'blue') as AttachmentFacts;
    await expect(gatherRemoval(renderer.client, facts)).rejects.toMatchObject({ status: 500 });
  });
});

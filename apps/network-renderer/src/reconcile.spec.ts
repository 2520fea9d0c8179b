import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { keyOf, type NetworkAttachmentDefinition, SRIOV_NETWORK, type SriovNetwork } from '@sriov/api';
import { connect, KubeClient, loadKubeConfig } from '@sriov/kube';
import { createLogger, Health, systemClock } from '@sriov/runtime';
import { createNamespace, installCrds, request, testControlPlane, tryRequest } from '@sriov/testing';
import { type Caches, createCaches } from './caches.ts';
import { reconcile } from './reconcile.ts';

const connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
const log = createLogger({ service: 'spec', level: 'silent' });
let operator: string;
let team: string;

beforeAll(async () => {
  await installCrds();
  operator = await createNamespace('operator');
  team = await createNamespace('team');
});
afterAll(() => connection.close());

/** Caches that know of the two namespaces and hear of nothing by themselves. */
function createLateCaches(): Caches {
  const caches = createCaches({ client, clock: systemClock, log, health: new Health() });
  for (const name of [operator, team]) caches.namespaces.store.upsert({ metadata: { name } });
  return caches;
}

const networkPath = (name = ''): string =>
  `/apis/sriovnetwork.openshift.io/v1/namespaces/${operator}/sriovnetworks/${name}`.replace(/\/$/, '');
const hasAttachment = async (namespace: string, name: string): Promise<boolean> => {
  const path = `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`;
  return (await tryRequest('GET', path)).status === 200;
};
const attachmentPath = (name: string): string =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${team}/network-attachment-definitions/${name}`;
const getAttachment = async (name: string): Promise<NetworkAttachmentDefinition> =>
  (await request('GET', attachmentPath(name))) as NetworkAttachmentDefinition;
const networkOf = (name: string, networkNamespace = team): SriovNetwork => ({
  metadata: { name, namespace: operator },
  spec: { resourceName: 'r', logLevel: 'info', networkNamespace },
});

/** One reconcile of the network as it is on the server, or as `cached` where it is not. */
async function reconcileOnce(caches: Caches, name: string, cached?: SriovNetwork): Promise<string> {
  const network = cached ?? ((await request('GET', networkPath(name))) as SriovNetwork);
  caches.networks.get('SriovNetwork')?.store.upsert(network);
  const settings = {
    listen: ':0',
    logLevel: 'silent' as const,
    kubeconfig: undefined,
    namespace: operator,
    releaseFinalizers: false,
    resourcePrefix: 'p',
  };
  const outcome = await reconcile({ resource: SRIOV_NETWORK, caches, client, settings, log }, keyOf(network));
  return outcome.kind;
}

describe('a reconcile of a network, while caches are behind', () => {
  it('removes with the network what they have not seen yet', async () => {
    await client.create(SRIOV_NETWORK, networkOf('brief'));
    const caches = createLateCaches();
    await reconcileOnce(caches, 'brief');
    expect(await hasAttachment(team, 'brief')).toBe(true);
    await request('DELETE', networkPath('brief'));
    await reconcileOnce(caches, 'brief');
    expect(await hasAttachment(team, 'brief')).toBe(false);
    expect((await tryRequest('GET', networkPath('brief'))).status).toBe(404);
  });

  it('removes with the network what it left where it was before, and nothing that belongs to another', async () => {
    const elsewhere = await createNamespace('elsewhere');
    await client.create(SRIOV_NETWORK, networkOf('moved'));
    const caches = createLateCaches();
    await reconcileOnce(caches, 'moved');
    await request('POST', `/apis/k8s.cni.cncf.io/v1/namespaces/${elsewhere}/network-attachment-definitions`, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'moved' },
    });
    await request('PATCH', networkPath('moved'), { spec: { networkNamespace: elsewhere } });
    await request('DELETE', networkPath('moved'));
    await reconcileOnce(caches, 'moved');
    expect([await hasAttachment(team, 'moved'), await hasAttachment(elsewhere, 'moved')]).toEqual([false, true]);
  });

  it('does not overwrite what somebody made under the name a moment ago', async () => {
    await client.create(SRIOV_NETWORK, networkOf('taken'));
    const path = `/apis/k8s.cni.cncf.io/v1/namespaces/${team}/network-attachment-definitions`;
    await request('POST', path, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'taken' },
      spec: { config: '{}' },
    });
    await expect(reconcileOnce(createLateCaches(), 'taken')).rejects.toMatchObject({ status: 409 });
    expect(await request('GET', `${path}/taken`)).toMatchObject({ spec: { config: '{}' } });
  });

  it('does not overwrite what took the place of the object that it saw', async () => {
    await client.create(SRIOV_NETWORK, networkOf('replaced'));
    const caches = createLateCaches();
    await reconcileOnce(caches, 'replaced');
    const path = `/apis/k8s.cni.cncf.io/v1/namespaces/${team}/network-attachment-definitions`;
    const seen = (await request('GET', `${path}/replaced`)) as NetworkAttachmentDefinition;
    caches.attachments.store.upsert({ ...seen, spec: { config: 'other' } });
    await request('DELETE', `${path}/replaced`);
    await request('POST', path, {
      apiVersion: 'k8s.cni.cncf.io/v1',
      kind: 'NetworkAttachmentDefinition',
      metadata: { name: 'replaced' },
      spec: { config: '{}' },
    });
    await expect(reconcileOnce(caches, 'replaced')).rejects.toMatchObject({ status: 409 });
    expect(await request('GET', `${path}/replaced`)).toMatchObject({ spec: { config: '{}' } });
  });

  it('creates nothing again that was deleted since it looked, and does when it looks again', async () => {
    await client.create(SRIOV_NETWORK, networkOf('deleted'));
    const caches = createLateCaches();
    await reconcileOnce(caches, 'deleted');
    const seen = await getAttachment('deleted');
    caches.attachments.store.upsert({ ...seen, spec: { config: 'other' } });
    await request('DELETE', attachmentPath('deleted'));
    await expect(reconcileOnce(caches, 'deleted')).rejects.toMatchObject({ status: 409 });
    expect(await hasAttachment(team, 'deleted')).toBe(false);
    caches.attachments.store.remove(keyOf(seen));
    await reconcileOnce(caches, 'deleted');
    expect(await hasAttachment(team, 'deleted')).toBe(true);
  });

  it('overwrites no NetworkAttachmentDefinition that another has changed since', async () => {
    await client.create(SRIOV_NETWORK, networkOf('changed'));
    const caches = createLateCaches();
    await reconcileOnce(caches, 'changed');
    caches.attachments.store.upsert({ ...(await getAttachment('changed')), spec: { config: 'other' } });
    const changed = await request('PATCH', attachmentPath('changed'), { metadata: { labels: { by: 'another' } } });
    await expect(reconcileOnce(caches, 'changed')).rejects.toMatchObject({ status: 409 });
    expect(await request('GET', attachmentPath('changed'))).toEqual(changed);
  });

  it('deletes no NetworkAttachmentDefinition that another has changed since', async () => {
    await client.create(SRIOV_NETWORK, networkOf('left'));
    const caches = createLateCaches();
    await reconcileOnce(caches, 'left');
    caches.attachments.store.upsert(await getAttachment('left'));
    const changed = await request('PATCH', attachmentPath('left'), { metadata: { labels: { by: 'another' } } });
    await request('DELETE', networkPath('left'));
    await expect(reconcileOnce(caches, 'left')).rejects.toMatchObject({ status: 409 });
    expect(await request('GET', attachmentPath('left'))).toEqual(changed);
  });

  it('records no namespace on a network that another has changed since', async () => {
    const home = { ...networkOf('home', operator), spec: { resourceName: 'r', logLevel: 'info' as const } };
    const seen = await client.create(SRIOV_NETWORK, home);
    const changed = await request('PATCH', networkPath('home'), { spec: { vlan: 7 } });
    await expect(reconcileOnce(createLateCaches(), 'home', seen)).rejects.toMatchObject({ status: 409 });
    expect(await request('GET', networkPath('home'))).toEqual(changed);
  });

  it('keeps of objects that anybody may make no more than it reads', () => {
    const { networks, attachments } = createLateCaches();
    const huge = 'x'.repeat(1_000_000);
    const spec = { resourceName: 'r', logLevel: 'info' as const, ipam: huge, metaPlugins: huge, logFile: huge };
    const metadata = { name: 'huge', namespace: team, labels: { a: huge }, annotations: { theirs: huge } };
    networks.get('SriovNetwork')?.store.upsert({ metadata, spec });
    attachments.store.upsert({ metadata, spec: { config: huge } });
    const kept = [
      networks.get('SriovNetwork')?.store.get(keyOf({ metadata })),
      attachments.store.get(keyOf({ metadata })),
    ];
    expect(JSON.stringify(kept).length).toBeLessThan(100_000);
  });

  it('makes nothing in a namespace that is being deleted, where the server would refuse it', async () => {
    await client.create(SRIOV_NETWORK, networkOf('homeless'));
    const caches = createLateCaches();
    const metadata = { name: team, resourceVersion: '2', deletionTimestamp: '2026-01-01T00:00:00Z' };
    caches.namespaces.store.upsert({ metadata });
    expect(await reconcileOnce(caches, 'homeless')).toBe('stalled');
    expect(await hasAttachment(team, 'homeless')).toBe(false);
  });

  it('makes nothing for a network that is gone already, and is done', async () => {
    const gone = { ...networkOf('gone'), metadata: { ...networkOf('gone').metadata, resourceVersion: '1' } };
    expect(await reconcileOnce(createLateCaches(), 'gone', gone)).toBe('done');
    expect(await hasAttachment(team, 'gone')).toBe(false);
  });
});

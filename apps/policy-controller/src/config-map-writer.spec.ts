import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CONFIG_MAP, connect, KubeClient, loadKubeConfig } from '@sriov/kube';
import { systemClock } from '@sriov/runtime';
import { createNamespace, request, testControlPlane } from '@sriov/testing';
import { ConfigMapWriter, type KeyChange } from './config-map-writer.ts';

jest.setTimeout(60_000);

const NAME = 'device-plugin-config';
const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'owner', uid: '0' };
let namespace: string;
let client: KubeClient;
let refusals = 0;

const create = async (data?: Record<string, string>): Promise<ConfigMapWriter> => {
  namespace = await createNamespace();
  refusals = 0;
  if (data) await request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: NAME }, data });
  const present = data && { metadata: { name: NAME }, data };
  return new ConfigMapWriter({
    client,
    namespace,
    present: () => present,
    clock: systemClock,
    onRefusal: () => (refusals += 1),
  });
};
const change = (node: string, text: string | undefined): KeyChange => ({ configMap: NAME, node, text, owner });
const written = (): Promise<{ data?: Record<string, string>; metadata: { resourceVersion?: string } }> =>
  client.get(CONFIG_MAP, { namespace, name: NAME });

describe('ConfigMapWriter', () => {
  beforeAll(() => {
    const connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
    client = new KubeClient({ connection, clock: systemClock, fieldManager: 'test' });
  });

  it('makes the ConfigMap, and writes what comes at the same time with one request', async () => {
    const writer = await create();
    const versions = await Promise.all(['a', 'b', 'c'].map((node) => writer.set(change(node, `of ${node}`))));
    const { data, metadata } = await written();
    expect(data).toEqual({ a: 'of a', b: 'of b', c: 'of c' });
    expect(new Set(versions)).toEqual(new Set([metadata.resourceVersion]));
  });

  it('removes keys', async () => {
    const writer = await create({ a: '1', b: '2' });
    await writer.set(change('a', undefined));
    expect((await written()).data).toEqual({ b: '2' });
  });

  it('refuses what finds no room, writes the rest, and says when there is room again', async () => {
    const writer = await create({ large: 'x'.repeat(1_048_500) });
    const results = await Promise.allSettled([
      writer.set(change('first', 'x'.repeat(100))),
      writer.set(change('second', 'x'.repeat(50))),
    ]);
    expect(results).toMatchObject([{ reason: { code: 'CONFIG_MAP_FULL' } }, { status: 'fulfilled' }]);
    expect(Object.keys((await written()).data ?? {})).toEqual(['large', 'second']);
    expect([writer.refusedNodes(NAME), refusals]).toEqual([['first'], 1]);
    await writer.set(change('first', 'x'));
    expect([writer.refusedNodes(NAME), refusals]).toEqual([[], 2]);
  });

  it('forgets what found no room when the node does not want it any more', async () => {
    const writer = await create({ large: 'x'.repeat(1_048_500) });
    await expect(writer.set(change('node', 'x'.repeat(100)))).rejects.toMatchObject({ code: 'CONFIG_MAP_FULL' });
    writer.settle('node', new Set([NAME]));
    expect([writer.refusedNodes(NAME), refusals]).toEqual([['node'], 1]);
    writer.settle('node', new Set());
    expect([writer.refusedNodes(NAME), refusals]).toEqual([[], 2]);
  });

  it('passes the failure of a write on to all who wait for it, and goes on', async () => {
    const writer = await create({ a: '1' });
    const results = await Promise.allSettled([writer.set(change('not a key', 'x')), writer.set(change('b', 'x'))]);
    expect(results).toMatchObject([{ reason: { status: 422 } }, { reason: { status: 422 } }]);
    await writer.set(change('b', 'x'));
    expect((await written()).data).toEqual({ a: '1', b: 'x' });
  });
});

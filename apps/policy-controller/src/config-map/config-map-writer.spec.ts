import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CONFIG_MAP, type ConfigMap, connect, KubeClient, loadKubeConfig } from '@sriov/kube';
import { systemClock } from '@sriov/runtime';
import { createNamespace, request, testControlPlane } from '@sriov/testing';
import { ConfigMapWriter, type KeyChange } from './config-map-writer.ts';

jest.setTimeout(60_000);

const NAME = 'device-plugin-config';
const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'owner', uid: '0' };
let namespace: string;
let client: KubeClient;
let refusals = 0;
let present: ConfigMap | undefined;

const create = async (data?: Record<string, string>, onSleep?: (ms: number) => void): Promise<ConfigMapWriter> => {
  namespace = await createNamespace();
  refusals = 0;
  present = data && (await client.create(CONFIG_MAP, { metadata: { name: NAME, namespace }, data }));
  return new ConfigMapWriter({
    client,
    namespace,
    present: () => present,
    clock: {
      elapsed: () => systemClock.elapsed(),
      sleep(ms) {
        onSleep?.(ms);
        return systemClock.sleep(ms);
      },
    },
    onRefusal: () => (refusals += 1),
  });
};
const change = (node: string, text: string | undefined): KeyChange => ({
  configMap: NAME,
  node,
  text,
  owner,
  plannedFrom: present?.metadata.resourceVersion,
});
/** What somebody else writes, and our cache shows afterwards. */
const writeAsAnother = async (data: Record<string, string>): Promise<void> => {
  present = (await request('PATCH', `/api/v1/namespaces/${namespace}/configmaps/${NAME}`, { data })) as ConfigMap;
};
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

  it('writes what was planned before its own last write without a conflict: many nodes share the ConfigMap', async () => {
    const writer = await create({ a: '1' });
    const first = writer.set(change('a', '2'));
    await new Promise(setImmediate);
    // The first write is on its way, and these wait for it; the cache shows none of it.
    await Promise.all([first, writer.set(change('b', '2')), writer.set(change('c', '2'))]);
    await writer.set(change('d', '2'));
    expect((await written()).data).toEqual({ a: '2', b: '2', c: '2', d: '2' });
  });

  it('writes nothing that was planned before somebody else wrote', async () => {
    const writer = await create({ a: '1', b: '1' });
    const outdated = [change('a', '2'), change('b', undefined)];
    await writeAsAnother({ a: '3' });
    const results = await Promise.allSettled(outdated.map((each) => writer.set(each)));
    expect(results).toMatchObject([{ reason: { status: 409 } }, { reason: { status: 409 } }]);
    expect((await written()).data).toEqual({ a: '3', b: '1' });
  });

  it('makes no ConfigMap that somebody else has made since', async () => {
    const writer = await create();
    const outdated = change('a', '2');
    await request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: NAME }, data: { a: '3' } });
    await expect(writer.set(outdated)).rejects.toMatchObject({ status: 409 });
    expect((await written()).data).toEqual({ a: '3' });
  });

  it('creates one again that somebody has deleted since', async () => {
    const writer = await create({ a: '1' });
    await request('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${NAME}`);
    await writer.set(change('a', '2'));
    expect((await written()).data).toEqual({ a: '2' });
  });

  it('writes keys that are planned from now while it refuses those that were planned before', async () => {
    const writer = await create({ a: '1' });
    const outdated = change('a', '2');
    await writeAsAnother({ a: '3' });
    const results = await Promise.allSettled(
      [outdated, change('b', '2'), change('c', '2')].map((each) => writer.set(each)),
    );
    expect(results).toMatchObject([{ reason: { status: 409 } }, { status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect((await written()).data).toEqual({ a: '3', b: '2', c: '2' });
  });

  it('starves nobody when another is first each time: keys that are planned again are written at once and together', async () => {
    const slept: number[] = [];
    const writer = await create({ other: '0' }, (ms) => slept.push(ms));
    const nodes = ['a', 'b', 'c'];
    for (const other of ['1', '2', '3']) {
      const changes = nodes.map((node) => change(node, 'x'));
      await writeAsAnother({ other });
      const results = await Promise.allSettled(changes.map((each) => writer.set(each)));
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    }
    const versions = await Promise.all(nodes.map((node) => writer.set(change(node, 'x'))));
    expect(new Set(versions).size).toBe(1);
    expect((await written()).data).toEqual({ other: '3', a: 'x', b: 'x', c: 'x' });
    expect(slept).toEqual([0, 0, 0, 0]);
  });
});

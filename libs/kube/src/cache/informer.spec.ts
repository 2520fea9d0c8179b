import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, Health, systemClock } from '@sriov/runtime';
import { createNamespace, eventually, FakeClock, request, testControlPlane } from '@sriov/testing';
import { KubeClient } from '../client/client.ts';
import { connect, type Connection } from '../connection/connection.ts';
import { loadKubeConfig } from '../connection/kubeconfig.ts';
import { CONFIG_MAP, type ConfigMap } from '../core-resources.ts';
import { Informer, type InformerContext, type InformerOptions } from './informer.ts';

jest.setTimeout(30_000);

let connection: Connection;
let namespace: string;
let health: Health;
let stop: AbortController;
let ends: Promise<void>[];

beforeAll(() => {
  connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
});
afterAll(() => connection.close());
beforeEach(async () => {
  namespace = await createNamespace('informer');
  health = new Health();
  stop = new AbortController();
  ends = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(ends);
});

const create = (name: string, data: object = {}, labels: object = {}): Promise<unknown> =>
  request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name, labels }, data });
const patch = (name: string, data: object): Promise<unknown> =>
  request('PATCH', `/api/v1/namespaces/${namespace}/configmaps/${name}`, { data });
const remove = (name: string): Promise<unknown> =>
  request('DELETE', `/api/v1/namespaces/${namespace}/configmaps/${name}`);

const start = (options: InformerOptions<ConfigMap> = {}, rest: Partial<InformerContext> = {}): Informer<ConfigMap> => {
  const informer = new Informer<ConfigMap>(
    {
      client: new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' }),
      clock: systemClock,
      log: createLogger({ service: 'spec', level: 'silent' }),
      health,
      ...rest,
    },
    CONFIG_MAP,
    { namespace, ...options },
  );
  ends.push(informer.run(stop.signal));
  return informer;
};

describe('an informer', () => {
  it('is ready once its first list is complete, and follows from there on', async () => {
    await create('before', { a: '1' });
    const informer = start();
    expect(health.readyProblems()).toEqual(['ConfigMap: is not listed yet']);
    await informer.synced;
    expect(health.readyProblems()).toEqual([]);
    expect(informer.store.get(`${namespace}/before`)?.data).toEqual({ a: '1' });

    await create('after');
    await patch('before', { a: '2' });
    await eventually(() => informer.store.get(`${namespace}/before`)?.data?.['a'] === '2');
    await remove('before');
    await eventually(() => informer.store.size === 1);
    expect(informer.store.list().map(({ metadata }) => metadata.name)).toEqual(['after']);
  });

  it('takes a selection only, in pages', async () => {
    for (let n = 0; n < 5; n += 1) await create(`chosen-${n}`, {}, { chosen: 'yes' });
    await create('other');
    const informer = start({ labelSelector: 'chosen=yes', pageSize: 2 });
    await informer.synced;
    expect(informer.store.size).toBe(5);
    await request('PATCH', `/api/v1/namespaces/${namespace}/configmaps/chosen-0`, {
      metadata: { labels: { chosen: 'no' } },
    });
    await eventually(() => informer.store.size === 4);
  });

  it('keeps what is read, in indexes that follow', async () => {
    await create('a', { color: 'red', ballast: 'x'.repeat(1_000) });
    const informer = start({
      transform: ({ metadata, data }) => ({ metadata: { ...metadata }, data: { color: data?.['color'] ?? '' } }),
      indexers: { color: ({ data }) => [data?.['color'] ?? ''] },
    });
    await informer.synced;
    expect(informer.store.byIndex('color', 'red')).toMatchObject([{ metadata: { name: 'a' } }]);
    expect(informer.store.get(`${namespace}/a`)).toEqual({
      metadata: expect.not.objectContaining({ managedFields: expect.anything() }),
      data: { color: 'red' },
    });
    await patch('a', { color: 'blue' });
    await eventually(() => informer.store.byIndex('color', 'blue').length === 1);
    expect(informer.store.byIndex('color', 'red')).toEqual([]);
  });

  it('keeps metadata only when that is all that is asked for', async () => {
    await create('a', { heavy: 'x' });
    const informer = start({ metadataOnly: true });
    await informer.synced;
    await create('b', { heavy: 'x' });
    await eventually(() => informer.store.size === 2);
    expect(informer.store.list().map(({ data }) => data)).toEqual([undefined, undefined]);
  });

  it('tells of everything again after the time of a resync', async () => {
    await create('a');
    const clock = new FakeClock();
    const informer = start({ resyncMs: 600_000 }, { clock });
    await informer.synced;
    const changes: string[] = [];
    informer.store.subscribe(({ type }) => changes.push(type));
    changes.length = 0;
    await clock.advance(530_000);
    expect(changes).toEqual([]);
    await clock.advance(140_000);
    expect(changes).toEqual(['resynced']);
  });

  it('says why it is not ready, as of a kind that is not installed', async () => {
    const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
    const log = createLogger({ service: 'spec', level: 'silent' });
    const pump = { group: 'example.org', version: 'v1', kind: 'Pump', plural: 'pumps', namespaced: true };
    ends.push(new Informer({ client, clock: systemClock, log, health }, pump).run(stop.signal));
    await eventually(() => health.readyProblems()[0]?.endsWith('GET /apis/example.org/v1/pumps: 404 page not found'));
  });

  it('is waited for also when another of its kind is complete', async () => {
    await start().synced;
    const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
    const log = createLogger({ service: 'spec', level: 'silent' });
    const idle = new Informer({ client, clock: systemClock, log, health }, CONFIG_MAP);
    expect([idle.store.size, health.readyProblems()]).toEqual([0, ['ConfigMap: is not listed yet']]);
  });
});

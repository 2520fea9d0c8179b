import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ControlPlane, startControlPlane } from '@sriov/control-plane';
import { type Clock, createLogger, Health, Metrics, systemClock } from '@sriov/runtime';
import { createNamespace, eventually, readLogLine, request, testControlPlane } from '@sriov/testing';
import { Cluster } from './cluster.ts';
import { CONFIG_MAP, type ConfigMap, LEASE } from './core-resources.ts';
import { Informer } from './cache/informer.ts';

jest.setTimeout(120_000);

let stop: AbortController;
let health: Health;
let metrics: Metrics;
let logged: string[];

beforeEach(() => {
  stop = new AbortController();
  health = new Health();
  metrics = new Metrics();
  logged = [];
});
afterEach(() => stop.abort());

function createCluster(kubeconfig: string, namespace: string, clock: Clock = systemClock): Cluster {
  const write = (line: string): void => void logged.push(readLogLine(line).msg);
  const log = createLogger({ service: 'spec', level: 'info' }, { write });
  const process = { log, metrics, health, clock, signal: stop.signal };
  return new Cluster(process, { service: 'spec', leads: true, namespace, kubeconfig });
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

describe('a service that follows and leads', () => {
  it('works when its caches are complete and the lease is its own, and gives the lease back in the end', async () => {
    const namespace = await createNamespace('cluster');
    await request('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'a' } });
    const cluster = createCluster(testControlPlane().kubeconfigPath, namespace);
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP, { namespace });
    const changes: string[] = [];
    informer.store.subscribe(({ type }) => changes.push(type));
    let sizeAtStart: number | undefined;
    const leading = cluster.lead([informer], (term) => {
      sizeAtStart = informer.store.size;
      cluster.recorder.record(
        CONFIG_MAP,
        { metadata: { name: 'a', namespace } },
        {
          type: 'Normal',
          reason: 'Leading',
          message: 'hello',
        },
      );
      return untilAborted(term);
    });
    await eventually(() => sizeAtStart === 1);
    expect(changes).toEqual(['added', 'resynced']);
    expect((await cluster.client.get(LEASE, { name: 'spec', namespace })).spec.holderIdentity).not.toBe('');
    stop.abort();
    await leading;

    const lease = (await request('GET', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/spec`)) as {
      spec: { holderIdentity?: string };
    };
    expect(lease.spec.holderIdentity ?? '').toBe('');
    const events = (await request('GET', `/api/v1/namespaces/${namespace}/events`)) as { items: unknown[] };
    expect(events.items).toHaveLength(1);
    expect(await metrics.text()).toContain('sriov_kube_lists_total{kind="ConfigMap"} 1');
    await expect(cluster.client.get(LEASE, { name: 'spec', namespace })).rejects.toThrow('the process is stopping');
  });

  it('writes nothing before its term, nor from the moment on at which another may lead, before it learns of that', async () => {
    const namespace = await createNamespace('cluster');
    let pausedMs = 0;
    // What a process finds that was stopped for a while: its timers have not run, and the clock has gone on.
    const clock = { ...systemClock, elapsed: () => systemClock.elapsed() + pausedMs };
    const cluster = createCluster(testControlPlane().kubeconfigPath, namespace, clock);
    const { client } = cluster;
    const metadata = { name: 'a', namespace };
    const refusal = { status: 409, reason: 'NotLeading' };
    await expect(client.create(CONFIG_MAP, { metadata })).rejects.toMatchObject(refusal);
    let isLost = false;
    const leading = cluster.lead([], async (term) => {
      if (pausedMs > 0) return term.aborted ? undefined : untilAborted(term);
      await client.create(CONFIG_MAP, { metadata });
      pausedMs = 10_000;
      const late = { ...metadata, name: 'late' };
      await expect(client.create(CONFIG_MAP, { metadata: late })).rejects.toMatchObject(refusal);
      await expect(client.apply(CONFIG_MAP, { metadata, data: {} })).rejects.toMatchObject(refusal);
      await expect(client.mergePatch(CONFIG_MAP, metadata, { patch: { data: {} } })).rejects.toMatchObject(refusal);
      await expect(client.delete(CONFIG_MAP, metadata)).rejects.toMatchObject(refusal);
      expect(term.aborted).toBe(false);
      isLost = true;
    });
    await eventually(() => isLost);
    stop.abort();
    await leading;
    const { items } = (await request('GET', `/api/v1/namespaces/${namespace}/configmaps`)) as {
      items: { metadata: { name: string } }[];
    };
    expect(items.map((item) => item.metadata.name).filter((name) => !name.startsWith('kube-root'))).toEqual(['a']);
  });

  it('ends when its work fails, with that failure', async () => {
    const namespace = await createNamespace('cluster');
    const cluster = createCluster(testControlPlane().kubeconfigPath, namespace);
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP, { namespace });
    await expect(cluster.follow([informer], () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('ends when told while it waits for its first list', async () => {
    const namespace = await createNamespace('cluster');
    const cluster = createCluster(testControlPlane().kubeconfigPath, namespace);
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP, { namespace });
    const following = cluster.follow([informer], () => Promise.reject(new Error('must not be called')));
    stop.abort();
    await following;
    expect(logged).toEqual([]);
  });
});

describe('an API server that is away', () => {
  let plane: ControlPlane;
  beforeEach(async () => {
    plane = await startControlPlane();
  });
  afterEach(() => plane.stop());

  it('at the start and in the middle stops nothing: what changed meanwhile is seen, and the lease is won back', async () => {
    await plane.stopApiServer();
    const cluster = createCluster(plane.kubeconfigPath, 'default');
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP, { namespace: 'default' });
    let terms = 0;
    let isLeading = false;
    const leading = cluster.lead([informer], async (term) => {
      terms += 1;
      isLeading = true;
      await untilAborted(term);
      isLeading = false;
    });
    await eventually(() => logged.length > 0);
    expect(health.readyProblems()).toEqual([
      expect.stringMatching(/^ConfigMap: is not listed yet: GET https.*: connect ECONNREFUSED/),
    ]);
    expect(terms).toBe(0);

    await plane.startApiServer();
    await eventually(() => isLeading, 60_000);
    expect(health.readyProblems()).toEqual([]);
    await cluster.client.create(CONFIG_MAP, { metadata: { name: 'during', namespace: 'default' } });
    await eventually(() => informer.store.get('default/during'));

    await plane.stopApiServer();
    await eventually(() => !isLeading, 20_000);
    expect(health.readyProblems()).toEqual([]);
    expect(informer.store.get('default/during')).toBeDefined();
    await plane.startApiServer();
    await eventually(() => isLeading, 60_000);
    expect(terms).toBe(2);
    await cluster.client.delete(CONFIG_MAP, { name: 'during', namespace: 'default' });
    await eventually(() => informer.store.get('default/during') === undefined, 60_000);
    stop.abort();
    await leading;
    expect(logged.filter((line) => line === 'cannot follow the objects of a kind, trying again')).toHaveLength(2);
  });
});

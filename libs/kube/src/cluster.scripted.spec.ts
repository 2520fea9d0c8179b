import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, Health, Metrics } from '@sriov/runtime';
import { eventually, FakeClock, readLogLine, readObject } from '@sriov/testing';
import { Informer } from './cache/informer.ts';
import { Cluster } from './cluster.ts';
import { CONFIG_MAP, type ConfigMap } from './core-resources.ts';
import { type Exchange, keepSilent, refuse, ScriptedServer } from './test/scripted-server.ts';

let folder: string;
let server: ScriptedServer;
let clock: FakeClock;
let stop: AbortController;
let health: Health;
let metrics: Metrics;
let logged: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sriov-cluster-'));
});
beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  stop = new AbortController();
  health = new Health();
  metrics = new Metrics();
  logged = [];
  const config = {
    clusters: [{ name: 's', cluster: { server: server.address, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 's', user: {} }],
    contexts: [{ name: 's', context: { cluster: 's', user: 's' } }],
    'current-context': 's',
  };
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(config));
});
afterEach(async () => {
  stop.abort();
  await server.close();
});
afterAll(() => rm(folder, { recursive: true }));

function createCluster({ leads }: { readonly leads: boolean }): Cluster {
  const write = (line: string): void => void logged.push(readLogLine(line).msg);
  const log = createLogger({ service: 'spec', level: 'info' }, { write });
  const process = { log, metrics, health, clock, signal: stop.signal };
  return new Cluster(process, { service: 'spec', leads, namespace: 'n', kubeconfig: join(folder, 'kubeconfig') });
}

/** A promise, and whether it has ended. */
function watch(promise: Promise<void>): { isEnded: boolean; promise: Promise<void> } {
  const watched = { isEnded: false, promise };
  void promise.finally(() => (watched.isEnded = true)).catch(() => undefined);
  return watched;
}

interface Written {
  readonly method: string | undefined;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** Has the server keep what is written, a Lease among it. The first request is a list, with a good answer. */
function keepWrites(): Written[] {
  const written: Written[] = [];
  server.next.list.push(undefined);
  const answer = async ({ request, url, response }: Exchange): Promise<void> => {
    const { method } = request;
    const isLease = (path: string): boolean => path.includes('/leases');
    if (method === 'GET') {
      const lease = written.findLast(({ path }) => isLease(path) && isLease(url.pathname));
      if (lease) response.end(JSON.stringify(lease.body));
      else refuse(404, { reason: 'NotFound' })({ response });
      return;
    }
    const body = await text(request);
    written.push({ method, path: url.pathname, body: readObject(body) });
    response.end(body);
  };
  server.always.list = (exchange) => void answer(exchange);
  return written;
}

const A = { metadata: { name: 'a', namespace: 'n' } };
const HELLO = { type: 'Normal', reason: 'Working', message: 'hello' } as const;

describe('a service that follows', () => {
  it('works once its caches are complete, until it is told to end, and closes its connections', async () => {
    server.put('a');
    const cluster = createCluster({ leads: false });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    const given: [number, AbortSignal][] = [];
    const following = watch(
      cluster.follow([informer], async (signal) => {
        given.push([informer.store.size, signal]);
        await Promise.resolve();
      }),
    );
    await eventually(() => given.length > 0 && server.openWatches === 1);
    expect(given).toEqual([[1, stop.signal]]);
    expect(health.readyProblems()).toEqual([]);
    await clock.advance(60_000);
    expect([following.isEnded, server.openWatches]).toEqual([false, 1]);

    stop.abort();
    await following.promise;
    await eventually(() => server.openSockets === 0);
    expect(clock.pending).toBe(0);
    await expect(cluster.client.list(CONFIG_MAP)).rejects.toThrow('the process is stopping');
    expect(logged).toEqual([]);
  });

  it('counts lists, watches and failures by kind', async () => {
    server.next.list.push(refuse(500), refuse(503));
    const cluster = createCluster({ leads: false });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    const following = cluster.follow([informer], () => Promise.resolve());
    for (let tries = 1; tries <= 2; tries += 1) {
      await eventually(() => server.requests.length === tries && clock.sleepers === 1);
      expect(health.readyProblems()).toEqual([
        expect.stringMatching(/^ConfigMap: is not listed yet: .*refused 50[03]$/),
      ]);
      await clock.advance(15_000);
    }
    await eventually(() => server.openWatches === 1);
    expect((await metrics.text()).split('\n').filter((line) => line.includes('sriov_kube_'))).toEqual([
      '# HELP sriov_kube_lists_total Complete lists of a kind',
      '# TYPE sriov_kube_lists_total counter',
      'sriov_kube_lists_total{kind="ConfigMap"} 1',
      '# HELP sriov_kube_watches_total Watches begun',
      '# TYPE sriov_kube_watches_total counter',
      'sriov_kube_watches_total{kind="ConfigMap"} 1',
      '# HELP sriov_kube_failures_total Lists and watches that failed',
      '# TYPE sriov_kube_failures_total counter',
      'sriov_kube_failures_total{kind="ConfigMap",status="500"} 1',
      'sriov_kube_failures_total{kind="ConfigMap",status="503"} 1',
    ]);
    stop.abort();
    await following;
  });

  it('ends with the failure of its work, and follows no longer', async () => {
    const cluster = createCluster({ leads: false });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    await expect(cluster.follow([informer], () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await eventually(() => server.openSockets === 0);
    expect([stop.signal.aborted, clock.pending]).toEqual([false, 0]);
  });

  it.each([
    ['before it begins', () => stop.abort()],
    ['while it waits for its first list', () => void setImmediate(() => stop.abort())],
  ])('does no work when it is told to end %s', async (_, tell) => {
    server.always.list = keepSilent;
    const cluster = createCluster({ leads: false });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    tell();
    let works = 0;
    await cluster.follow([informer], () => Promise.resolve(void (works += 1)));
    expect([works, logged]).toEqual([0, []]);
  });

  it('writes what is due of its events before it ends', async () => {
    const written = keepWrites();
    const cluster = createCluster({ leads: false });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    await cluster.follow([informer], () => {
      cluster.recorder.record(CONFIG_MAP, A, HELLO);
      cluster.recorder.record(CONFIG_MAP, A, HELLO);
      stop.abort();
      return Promise.resolve();
    });
    expect(written).toMatchObject([
      {
        method: 'POST',
        path: '/api/v1/namespaces/n/events',
        body: {
          ...HELLO,
          reportingComponent: 'spec',
          reportingInstance: expect.stringMatching(new RegExp(`^${hostname()}_[0-9a-f-]{36}$`)),
        },
      },
      { method: 'PATCH', body: { count: 2 } },
    ]);
  });

  it('waits 10 s, and no longer, for a server that does not answer when it is told to end', async () => {
    const cluster = createCluster({ leads: false });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    let failure: unknown;
    const following = watch(
      cluster.follow([informer], async () => {
        server.always.list = keepSilent;
        await cluster.client.list(CONFIG_MAP).catch((error: unknown) => (failure = error));
      }),
    );
    await eventually(() => server.requests.length === 3);
    stop.abort();
    await clock.advance(9_900);
    expect(following.isEnded).toBe(false);
    await clock.advance(100);
    await following.promise;
    expect(failure).toMatchObject({ status: 0 });
  });
});

describe('a service that leads', () => {
  it('holds its Lease, goes through its caches anew, and gives the Lease back in the end', async () => {
    server.put('a');
    const written = keepWrites();
    const cluster = createCluster({ leads: true });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    const changes: string[] = [];
    informer.store.subscribe(({ type }) => changes.push(type));
    await cluster.lead([informer], async (signal) => {
      expect(changes).toEqual(['added', 'resynced']);
      const ended = once(signal, 'abort');
      stop.abort();
      await ended;
    });
    const path = '/apis/coordination.k8s.io/v1/namespaces/n/leases';
    expect(written).toMatchObject([
      { method: 'POST', path, body: { metadata: { name: 'spec' } } },
      { method: 'PUT', path: `${path}/spec`, body: { spec: { holderIdentity: '' } } },
    ]);
    expect(written[0]?.body).toMatchObject({ spec: { holderIdentity: expect.stringContaining(`${hostname()}_`) } });
    expect(logged).toEqual(['leading']);
  });

  it('writes in its term, and neither before nor after it', async () => {
    const written = keepWrites();
    const cluster = createCluster({ leads: true });
    const informer = new Informer<ConfigMap>(cluster.informerContext, CONFIG_MAP);
    const refusal = { status: 409, reason: 'NotLeading' };
    await expect(cluster.client.create(CONFIG_MAP, A)).rejects.toMatchObject(refusal);
    const terms: AbortSignal[] = [];
    await cluster.lead([informer], async (signal) => {
      if (terms.push(signal) === 1) await cluster.client.create(CONFIG_MAP, A);
      else stop.abort();
    });
    expect(terms.map(({ aborted }) => aborted)).toEqual([true, true]);
    await expect(cluster.client.create(CONFIG_MAP, A)).rejects.toMatchObject(refusal);
    expect(written.filter(({ path }) => path.endsWith('/configmaps'))).toHaveLength(1);
  });

  it('is not every service: one without a Lease writes at any time', async () => {
    const written = keepWrites();
    server.next.list = [];
    await createCluster({ leads: false }).client.create(CONFIG_MAP, A);
    expect(written).toMatchObject([{ method: 'POST', path: '/api/v1/namespaces/n/configmaps' }]);
  });

  it('breaks off the writes that are under way when another holds the lease, and says that they are not done', async () => {
    const lease = {
      metadata: { name: 'spec', namespace: 'n' },
      spec: { holderIdentity: '', leaseDurationSeconds: 15 },
    };
    let [isUnderWay, isBrokenOff] = [false, false];
    server.always.list = ({ request: { method }, url, response }) => {
      if (url.pathname.includes('/leases')) return void response.end(JSON.stringify(lease));
      // A write that the server has taken, and does not answer.
      isUnderWay = method === 'PATCH';
      response.on('close', () => (isBrokenOff = true));
    };
    const cluster = createCluster({ leads: true });
    let failure: unknown;
    const leading = cluster.lead([], async () => {
      const change = { patch: { data: {} } };
      await cluster.client.mergePatch(CONFIG_MAP, lease.metadata, change).catch((error: unknown) => (failure = error));
    });
    await eventually(() => isUnderWay);
    lease.spec.holderIdentity = 'another';
    // The next renewal finds out; the request itself has 30 s.
    await eventually(() => clock.sleepers === 1);
    await clock.advance(2_000);
    await eventually(() => isBrokenOff && failure !== undefined);
    expect(failure).toMatchObject({ status: 409, reason: 'NotLeading' });
    stop.abort();
    await leading;
  });
});

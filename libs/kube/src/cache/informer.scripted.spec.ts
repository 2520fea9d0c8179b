import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { type Resource } from '@sriov/api';
import { createLogger, Health } from '@sriov/runtime';
import { eventually, FakeClock, readLogLine } from '@sriov/testing';
import { KubeClient } from '../client/client.ts';
import { connect, type Connection } from '../connection/connection.ts';
import { refuse, ScriptedServer, type Thing } from '../test/scripted-server.ts';
import { Informer, type InformerContext, type InformerOptions } from './informer.ts';

const THING: Resource<Thing> = {
  group: 'example.org',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
};

let server: ScriptedServer;
let connection: Connection;
let clock: FakeClock;
let health: Health;
let logged: Record<string, unknown>[];
let stop: AbortController;
let running: Promise<void>[];

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'scripted', server: server.address, skipTLSVerify: true },
    { name: 'someone', token: 'secret' },
  );
  connection = connect(config, clock);
  health = new Health();
  logged = [];
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  connection.close();
  await server.close();
});

function start(options: InformerOptions<Thing> = {}, rest: Partial<InformerContext> = {}): Informer<Thing> {
  const write = (line: string): void => void logged.push(readLogLine(line));
  const context = {
    client: new KubeClient({ connection, clock, fieldManager: 'spec' }),
    clock,
    log: createLogger({ service: 'spec', level: 'info' }, { write }),
    health,
    ...rest,
  };
  const informer = new Informer<Thing>(context, THING, options);
  running.push(informer.run(stop.signal));
  return informer;
}
const asked = (): [string, string, string | undefined][] =>
  server.requests.map(({ url, headers }) => {
    for (const name of ['watch', 'allowWatchBookmarks', 'timeoutSeconds', 'resourceVersion']) {
      url.searchParams.delete(name);
    }
    return [url.pathname, decodeURIComponent(url.search), headers.accept];
  });

describe('the requests of an informer', () => {
  it.each<[string, InformerOptions<Thing>, string, string]>([
    ['all objects of the kind', {}, '/apis/example.org/v1/things', ''],
    ['those of one namespace', { namespace: 'n' }, '/apis/example.org/v1/namespaces/n/things', ''],
    ['those with a label', { labelSelector: 'a=b' }, '/apis/example.org/v1/things', 'labelSelector=a=b'],
    [
      'one by its name',
      { fieldSelector: 'metadata.name=x' },
      '/apis/example.org/v1/things',
      'fieldSelector=metadata.name=x',
    ],
  ])('list and watch %s', async (_, options, path, query) => {
    start(options);
    await eventually(() => server.openWatches === 1);
    const accept = 'application/json';
    expect(asked()).toEqual([
      [path, `?limit=500${query && '&'}${query}`, accept],
      [path, query && `?${query}`, accept],
    ]);
  });

  it('ask for metadata only where nobody reads the rest, and for pages as large as wanted', async () => {
    for (const name of ['a', 'b', 'c']) server.put(name);
    start({ metadataOnly: true, pageSize: 2 });
    await eventually(() => server.openWatches === 1);
    expect(asked().map(([, query, accept]) => [query, accept])).toEqual([
      ['?limit=2', expect.stringContaining('as=PartialObjectMetadataList')],
      ['?limit=2&continue=103:2', expect.stringContaining('as=PartialObjectMetadataList')],
      ['', expect.stringMatching(/as=PartialObjectMetadata(;|,|$)/)],
    ]);
  });
});

describe('an informer', () => {
  it('is ready once its first list is complete, stays so, and counts what it does', async () => {
    server.put('a');
    server.next.list.push(refuse(500));
    const counted: string[] = [];
    const metrics = {
      listed: (kind: string) => void counted.push(`${kind} listed`),
      watched: (kind: string) => void counted.push(`${kind} watched`),
      failed: (kind: string, status: number) => void counted.push(`${kind} failed with ${status}`),
    };
    const informer = start({}, { metrics });
    expect(health.readyProblems()).toEqual(['Thing: is not listed yet']);
    await eventually(() => clock.sleepers === 1);
    expect(health.readyProblems()).toEqual(['Thing: is not listed yet: GET /apis/example.org/v1/things: refused 500']);
    await clock.advance(15_000);
    await informer.synced;
    expect([informer.store.size, health.readyProblems()]).toEqual([1, []]);
    await eventually(() => server.openWatches === 1);
    expect(counted).toEqual(['Thing failed with 500', 'Thing listed', 'Thing watched']);
    server.always = { list: refuse(500), watch: refuse(500) };
    server.toWatches((response) => void response.end());
    await eventually(() => clock.sleepers === 1);
    await clock.advance(15_000);
    await eventually(() => counted.length > 4);
    expect(health.readyProblems()).toEqual([]);
  });

  it('takes in all objects but those that cannot be read, and goes on when a listener fails', async () => {
    for (const name of ['a', 'bad']) server.put(name);
    const informer = start({
      transform: (object) => {
        if (object.metadata.name === 'bad') throw new Error('not readable');
        return object;
      },
    });
    informer.store.subscribe(() => {
      throw new Error('a fault');
    });
    await informer.synced;
    expect(informer.store.list().map(({ metadata }) => metadata.name)).toEqual(['a']);
    expect(logged).toMatchObject([
      { msg: 'a listener failed', kind: 'Thing', err: { message: 'a fault' } },
      { msg: 'left out an unreadable object', kind: 'Thing', key: 'n/bad', err: { message: 'not readable' } },
    ]);
  });
});

describe('the resync of an informer', () => {
  it('tells of every object again and again, give or take a tenth of the time', async () => {
    server.put('a');
    const informer = start({ resyncMs: 100_000 });
    await informer.synced;
    await eventually(() => server.openWatches === 1);
    let resyncs = 0;
    informer.store.subscribe(({ type }) => (resyncs += type === 'resynced' ? 1 : 0));
    await clock.advance(89_900);
    expect(resyncs).toBe(0);
    await clock.advance(20_200);
    expect(resyncs).toBe(1);
    await clock.advance(110_100);
    expect(resyncs).toBe(2);
  });

  it('is none when the informer is told to end', async () => {
    server.put('a');
    const informer = start({ resyncMs: 100_000 });
    await informer.synced;
    let resyncs = 0;
    informer.store.subscribe(({ type }) => (resyncs += type === 'resynced' ? 1 : 0));
    stop.abort();
    await Promise.all(running);
    expect([resyncs, clock.pending]).toEqual([0, 0]);
  });

  it('is none unless it is wanted', async () => {
    const informer = start();
    await informer.synced;
    await eventually(() => server.openWatches === 1 && clock.pending === 1);
    expect(clock.sleepers).toBe(0);
  });
});

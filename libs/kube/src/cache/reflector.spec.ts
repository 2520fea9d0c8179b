import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { setImmediate as turn } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { type Resource } from '@sriov/api';
import { createLogger } from '@sriov/runtime';
import { FakeClock, type LogLine, readLogLine } from '@sriov/testing';
import { KubeClient } from '../client/client.ts';
import { connect } from '../connection/connection.ts';
import { createListWatch } from './informer.ts';
import { INACTIVITY_MS, Reflector } from './reflector.ts';
import { endings, hangUp, keepSilent, openThen, refuse, ScriptedServer, type Thing } from '../test/scripted-server.ts';
import { type Change, Store } from './store.ts';

jest.setTimeout(60_000);

const THING: Resource<Thing> = {
  group: 'example.org',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
};

/** A sequence of its own for each test, the same in each run. */
function createRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

let server: ScriptedServer;
let clock: FakeClock;
let store: Store<Thing>;
let changes: Change<Thing>[];
let logged: LogLine[];
let stop: AbortController;
let end: () => Promise<void>;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  store = new Store<Thing>();
  changes = [];
  store.subscribe((change) => changes.push(change));
  logged = [];
  stop = new AbortController();
  end = () => Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await end();
  await server.close();
});

function start(random = createRandom()): Reflector<Thing> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'scripted', server: server.address, skipTLSVerify: true },
    { name: 'someone', token: 'secret' },
  );
  const connection = connect(config, clock);
  const client = new KubeClient({ connection, clock, fieldManager: 'spec' });
  const reflector = new Reflector<Thing>({
    kind: 'Thing',
    source: createListWatch(client, THING, {}),
    store,
    clock,
    random,
    log: createLogger({ service: 'spec', level: 'info' }, { write: (line) => void logged.push(readLogLine(line)) }),
  });
  const running = reflector.run(stop.signal);
  end = async () => {
    await running;
    connection.close();
  };
  return reflector;
}

/** Lets sockets do their work, without the clock moving, until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain; ${server.requests.length} requests came`);
    await turn();
  }
}

const isSettled = (): boolean => clock.sleepers > 0 || server.openWatches > 0;
const isCurrent = (): boolean =>
  JSON.stringify(Object.entries(server.truth).sort()) ===
  JSON.stringify(
    store
      .list()
      .map(({ metadata }) => [metadata.name, metadata.resourceVersion])
      .sort(),
  );

/** Lets `ms` go by, as fast as the sockets allow. */
async function pass(ms: number): Promise<void> {
  const deadline = clock.now() + ms;
  await until(isSettled);
  for (let wait = clock.untilNext; wait !== undefined && clock.now() + wait <= deadline; wait = clock.untilNext) {
    await clock.advance(wait);
    await turn();
    await until(isSettled);
  }
  await clock.advance(deadline - clock.now());
}

/** Lets time go by until the reflector watches again. */
async function untilWatching(): Promise<void> {
  const isWatching = (): boolean => server.openWatches > 0;
  for (let rounds = 0; !isWatching(); rounds += 1) {
    if (rounds > 100) throw new Error('it does not watch again');
    await until(isSettled);
    if (!isWatching()) await clock.advance(clock.untilNext ?? 0);
  }
}

const lists = (): URL[] => server.requests.filter(({ isWatch }) => !isWatch).map(({ url }) => url);
const watches = (): URL[] => server.requests.filter(({ isWatch }) => isWatch).map(({ url }) => url);
const fill = (count: number): void => {
  for (let n = 0; n < count; n += 1) server.put(`thing-${n}`);
};

describe('a reflector without faults', () => {
  it('lists 5,000 objects in pages of 500, is synced then, and watches from there on', async () => {
    fill(5_000);
    const reflector = start();
    let synced: number | undefined;
    void reflector.synced.then(() => (synced = store.size));
    expect(reflector.isSynced).toBe(false);
    await until(() => server.openWatches === 1);

    expect([reflector.isSynced, synced, store.size]).toEqual([true, 5_000, 5_000]);
    expect(lists().map(({ searchParams }) => searchParams.get('limit'))).toEqual(Array(10).fill('500'));
    expect(changes).toHaveLength(5_000);
    const [watch] = watches();
    expect(Object.fromEntries(watch?.searchParams ?? [])).toMatchObject({
      resourceVersion: server.version,
      allowWatchBookmarks: 'true',
    });
    const seconds = Number(watch?.searchParams.get('timeoutSeconds'));
    expect(seconds >= 300 && seconds < 600).toBe(true);
  });

  it('tells each change once, as what it is', async () => {
    fill(2);
    start();
    await until(() => server.openWatches === 1);
    changes.length = 0;
    server.put('new', 'a');
    server.put('thing-0', 'b');
    server.remove('thing-1');
    await until(isCurrent);
    expect(changes.map(({ type, object, previous }) => [type, object.metadata.name, previous?.text])).toEqual([
      ['added', 'new', undefined],
      ['updated', 'thing-0', ''],
      ['deleted', 'thing-1', undefined],
    ]);
  });

  it('goes on from the version of the last bookmark', async () => {
    start();
    await until(() => server.openWatches === 1);
    server.bookmark();
    const { version } = server;
    server.toWatches(endings['a clean close']);
    await untilWatching();
    expect(watches().map(({ searchParams }) => searchParams.get('resourceVersion'))).toEqual(['100', version]);
    expect(lists()).toHaveLength(1);
  });

  it('asks as the user of the kubeconfig', async () => {
    start();
    await until(() => server.openWatches === 1);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', 'Bearer secret']);
  });

  it('ends at once when told, in a list and in a watch', async () => {
    server.next.list.push(keepSilent);
    start();
    await until(() => server.requests.length === 1);
    stop.abort();
    await end();

    stop = new AbortController();
    start();
    await until(() => server.openWatches === 1);
    stop.abort();
    await end();
    expect([clock.pending, getEventListeners(stop.signal, 'abort').length, logged]).toEqual([0, 0, []]);
  });
});

describe('a watch that ends', () => {
  beforeEach(async () => {
    fill(20);
    start();
    await until(() => server.openWatches === 1);
    changes.length = 0;
  });

  const changeMeanwhile = (): void => {
    server.put('new');
    server.put('thing-3', 'changed');
    server.remove('thing-4');
    server.put('brief');
    server.remove('brief');
  };
  const told = (): string[] => changes.map(({ type, object }) => `${type} ${object.metadata.name}`).sort();

  it.each(Object.entries(endings))('with %s loses no event', async (name, act) => {
    server.toWatches(act);
    changeMeanwhile();
    if (name === 'a stall') await clock.advance(INACTIVITY_MS);
    else await until(() => clock.sleepers > 0);
    await untilWatching();
    await until(isCurrent);
    expect(told().filter((change) => !change.endsWith('brief'))).toEqual([
      'added new',
      'deleted thing-4',
      'updated thing-3',
    ]);
    expect(lists()).toHaveLength(name === 'a 410 as an event' ? 2 : 1);
  });

  it.each([
    ['410', refuse(410, { reason: 'Expired' }), 2],
    ['429', refuse(429), 1],
    ['500', refuse(500), 1],
    ['503 without a word', refuse(503), 1],
    ['a closed connection', hangUp, 1],
  ])('and meets %s at its return loses no event', async (_, fault, listings) => {
    server.next.watch.push(fault);
    server.toWatches(endings['a reset']);
    changeMeanwhile();
    await until(() => clock.sleepers > 0);
    await untilWatching();
    await until(isCurrent);
    expect(store.get('n/thing-3')?.text).toBe('changed');
    expect(lists()).toHaveLength(listings);
  });

  it('and meets 410 after an outage is followed by a list within a second, however long the delays had become', async () => {
    server.next.watch.push(...Array.from({ length: 8 }, () => hangUp), refuse(410, { reason: 'Expired' }));
    server.toWatches(endings['a reset']);
    for (let count = 2; count <= 10; count += 1) {
      await until(() => clock.sleepers > 0);
      await clock.advance(clock.untilNext ?? 0);
      await until(() => clock.sleepers > 0 && watches().length === count);
    }
    expect(clock.untilNext).toBeLessThanOrEqual(1_000);
    await untilWatching();
    expect(lists()).toHaveLength(2);
  });

  it('and whose version is gone meanwhile loses no event', async () => {
    server.toWatches(endings['a reset']);
    changeMeanwhile();
    server.compact();
    await until(() => clock.sleepers > 0);
    await untilWatching();
    await until(isCurrent);
    expect(told()).toEqual(['added new', 'deleted thing-4', 'updated thing-3']);
  });

  it('is believed alive while bytes come, and started again, without a word, when none came for 150 s', async () => {
    for (let n = 0; n < 5; n += 1) {
      await clock.advance(INACTIVITY_MS - 1_000);
      server.put('thing-0', String(n));
      await until(isCurrent);
    }
    expect(watches()).toHaveLength(1);
    await clock.advance(INACTIVITY_MS);
    await until(() => clock.sleepers > 0);
    await clock.advance(1_000);
    await until(() => watches().length === 2);
    expect(logged).toEqual([]);
  });

  it('and is refused for good, as after a restored backup, is begun with a new list', async () => {
    server.always.watch = refuse(504, { reason: 'Timeout', message: 'Too large resource version' });
    server.toWatches(endings['a clean close']);
    server.remove('thing-0');
    await until(() => clock.sleepers > 0);
    while (lists().length === 1) await pass(1_000);
    server.always = {};
    await pass(60_000);
    expect(isCurrent()).toBe(true);
    expect(server.openWatches).toBe(1);
  });

  it('waits as long as a 429 asks', async () => {
    server.next.watch.push(refuse(429, { retryAfter: '45' }));
    server.toWatches(endings['a clean close']);
    await until(() => clock.sleepers > 0);
    await clock.advance(clock.untilNext ?? 0);
    await until(() => clock.sleepers > 0 && watches().length === 2);
    expect(clock.untilNext).toBe(45_000);
  });

  it('is one line in the log, however often the return fails, and one more at the return', async () => {
    server.always = { watch: refuse(500), list: refuse(500) };
    server.toWatches(endings['a reset']);
    await until(() => clock.sleepers > 0);
    await pass(600_000);
    server.always = {};
    await pass(60_000);
    server.put('new');
    await until(isCurrent);
    expect(logged.map(({ msg }) => msg)).toEqual([
      'cannot follow the objects of a kind, trying again',
      'follow the objects of a kind again',
    ]);
  });
});

describe('a list that fails', () => {
  it.each([
    ['500 on a later page', refuse(500)],
    ['410 on a later page', refuse(410, { reason: 'Expired' })],
    ['429 with Retry-After on a later page', refuse(429, { retryAfter: '3' })],
    ['a closed connection on a later page', hangUp],
    [
      'an answer that breaks off',
      ({ response }) => {
        response.writeHead(200);
        response.write('{"metadata":{', () => response.socket?.resetAndDestroy());
      },
    ],
    ['an answer that is no list', ({ response }) => void response.end('<html>')],
  ] as [string, typeof hangUp][])('with %s is started again, and not taken for complete', async (_, fault) => {
    fill(1_200);
    server.next.list.push(undefined, undefined, fault);
    const reflector = start();
    await until(() => clock.sleepers > 0);
    expect(reflector.isSynced).toBe(false);
    await untilWatching();
    expect(isCurrent()).toBe(true);
    expect(reflector.isSynced).toBe(true);
  });

  it('never answered is given up after 30 s and started again', async () => {
    fill(3);
    server.next.list.push(keepSilent);
    start();
    await until(() => server.requests.length === 1);
    await clock.advance(30_000);
    await untilWatching();
    expect(isCurrent()).toBe(true);
  });

  it('and misses what was removed before the next one removes it then', async () => {
    fill(3);
    start();
    await until(() => server.openWatches === 1);
    server.next.list.push(refuse(500));
    server.remove('thing-1');
    server.compact();
    server.toWatches(endings['a 410 as an event']);
    await until(() => clock.sleepers > 0);
    await untilWatching();
    expect(isCurrent()).toBe(true);
  });
});

describe('a fault that lasts', () => {
  const FIVE_MINUTES = 300_000;
  const lasting: [string, ScriptedServer['always'], number][] = [
    ...Object.entries(endings).map(
      ([name, act]) => [`a watch that ends with ${name}`, { watch: openThen(act) }, 3] as (typeof lasting)[number],
    ),
    ['410 to each watch of 5,000 objects', { watch: refuse(410) }, 5_000],
    ['410 within each watch of 5,000 objects', { watch: openThen(endings['a 410 as an event']) }, 5_000],
    ['410 to each list', { list: refuse(410) }, 3],
    ['429 with a Retry-After of nothing', { watch: refuse(429, { retryAfter: '0' }) }, 3],
    ['500 to everything', { watch: refuse(500), list: refuse(500) }, 3],
    ['connections that close', { watch: hangUp, list: hangUp }, 3],
  ];

  it.each(lasting)('%s leads to at most one request a second', async (name, always, objects) => {
    fill(objects);
    server.always = always;
    // The shortest delays that chance can give.
    start(() => 0);
    const first = clock.now();
    while (clock.now() - first < FIVE_MINUTES) {
      if (name.endsWith('a stall')) await until(() => clock.untilNext === INACTIVITY_MS || clock.sleepers > 0);
      else await until(() => clock.sleepers > 0);
      await clock.advance(clock.untilNext ?? 0);
      // A round pays afterwards for the requests that it was free to send at once.
      const seconds = (clock.now() - first) / 1_000;
      expect(server.requests.length).toBeLessThanOrEqual(seconds + 12);
    }
    expect(server.requests.length).toBeGreaterThan(2);
  });
});

describe('a thousand reconnects', () => {
  const collect = (() => {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  })();

  it('leave nothing behind', async () => {
    fill(50);
    start();
    await until(() => server.openWatches === 1);
    const reconnect = async (times: number): Promise<number> => {
      for (let n = 0; n < times; n += 1) {
        server.put('thing-0', String(n));
        server.toWatches(Object.values(endings)[n % 7] ?? endings['a reset']);
        await until(() => clock.sleepers > 0);
        await untilWatching();
        // What the server remembers is not what is measured here.
        if (n % 50 === 49) {
          await until(isCurrent);
          server.compact();
          server.requests.length = 0;
          changes.length = 0;
          logged.length = 0;
        }
      }
      await until(isCurrent);
      await turn();
      collect();
      return process.memoryUsage().heapUsed;
    };
    await reconnect(200);
    const idle = [clock.pending, getEventListeners(stop.signal, 'abort').length];
    const before = await reconnect(100);
    const after = await reconnect(1_000);

    expect((after - before) / 2 ** 20).toBeLessThan(1);
    expect([clock.pending, getEventListeners(stop.signal, 'abort').length]).toEqual(idle);
    await until(() => server.openSockets <= 2);
  });
});

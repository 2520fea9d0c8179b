import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@sriov/runtime';
import {
  FakeClock,
  type LogLine,
  readLogLine,
  refusal,
  type ScriptedAnswer,
  ScriptedConnection,
  type SentRequest,
} from '@sriov/testing';
import { KubeClient } from './client/client.ts';
import { type Lease } from './core-resources.ts';
import { leadWhile, type Term } from './lease.ts';

// What is claimed, renewed and released, and when. Whether the API server takes it, lease.spec.ts asks the real one.

let clock: FakeClock;
let connection: ScriptedConnection;
let lease: Lease | undefined;
let version: number;
let fails: (request: SentRequest) => number | undefined;
let logged: LogLine[];
let stop: AbortController;
let terms: Term[];
let ended: Promise<unknown>;

beforeEach(() => {
  clock = new FakeClock();
  connection = new ScriptedConnection();
  connection.script = answer;
  lease = undefined;
  version = 0;
  fails = () => undefined;
  logged = [];
  stop = new AbortController();
  terms = [];
  ended = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await settle();
  await ended;
});

/** The one Lease of the cluster, as the API server keeps it. */
function answer(request: SentRequest): ScriptedAnswer {
  const status = fails(request);
  if (status !== undefined) return refusal(status);
  if (request.method === 'GET') return lease ? { body: lease } : refusal(404);
  const written = request.body as Lease;
  const isStale = request.method === 'POST' ? lease !== undefined : !isCurrent(written);
  if (isStale) return refusal(409);
  keep(written.spec);
  return { body: lease ?? {} };
}

const isCurrent = ({ metadata }: Lease): boolean => metadata.resourceVersion === lease?.metadata.resourceVersion;
function keep(spec: Lease['spec']): void {
  version += 1;
  lease = { metadata: { name: 'leader', namespace: 'n', resourceVersion: String(version) }, spec };
}

function start(lead?: (term: Term) => Promise<void>): void {
  const untilEnd = ({ signal }: Term): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
    });
  const log = createLogger(
    { service: 'spec', level: 'debug' },
    { write: (line) => void logged.push(readLogLine(line)) },
  );
  const client = new KubeClient({ connection, clock, fieldManager: 'spec' });
  ended = leadWhile(
    { client, namespace: 'n', name: 'leader', identity: 'me', clock, random: () => 0.5, log },
    (term) => {
      terms.push(term);
      return (lead ?? untilEnd)(term);
    },
    stop.signal,
  ).catch((error: unknown) => error);
}

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await clock.advance(0);
}

/** Lets time go by, with all that happens in it. */
async function pass(ms: number): Promise<void> {
  const end = clock.elapsed() + ms;
  await settle();
  while (clock.elapsed() + (clock.untilNext ?? Infinity) <= end) {
    await clock.advance(clock.untilNext ?? 0);
    await settle();
  }
  await clock.advance(end - clock.elapsed());
}

const writes = (): [string, Lease['spec']][] =>
  connection.writes.map(({ method, body }) => [method, (body as Lease).spec]);
const messages = (): string[] => logged.map(({ level, msg }) => `${level}: ${msg}`);
const theirs = (rest: Partial<Lease['spec']> = {}): Lease['spec'] => ({
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  leaseTransitions: 4,
  ...rest,
});

describe('a claim of the Lease', () => {
  it('creates it where there is none', async () => {
    start();
    await settle();
    const now = '2026-01-01T00:00:00.000000Z';
    expect(writes()).toEqual([
      [
        'POST',
        { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: now, renewTime: now, leaseTransitions: 0 },
      ],
    ]);
    expect(connection.writes[0]?.path).toBe('/apis/coordination.k8s.io/v1/namespaces/n/leases');
    expect([terms.length, messages()]).toEqual([1, ['info: leading']]);
  });

  it('is renewed every two seconds, and says when it began', async () => {
    start();
    await pass(6_000);
    expect(writes().map(([method, { acquireTime, renewTime }]) => [method, acquireTime, renewTime])).toEqual(
      [0, 2, 4, 6].map((second) => [
        second === 0 ? 'POST' : 'PUT',
        '2026-01-01T00:00:00.000000Z',
        `2026-01-01T00:00:0${second}.000000Z`,
      ]),
    );
    expect(terms).toHaveLength(1);
  });

  it.each([
    ['was released', { holderIdentity: '' }],
    ['names nobody', { holderIdentity: undefined as unknown as string }],
  ])('takes one at once that %s, and counts the transition', async (_, rest) => {
    keep(theirs(rest));
    start();
    await settle();
    expect(lease?.spec).toMatchObject({ holderIdentity: 'me', leaseTransitions: 5 });
  });

  it('takes up its own after a restart, which is no transition', async () => {
    keep(theirs({ holderIdentity: 'me', acquireTime: '2025-01-01T00:00:00.000000Z' }));
    start();
    await settle();
    expect(lease?.spec).toMatchObject({ acquireTime: '2025-01-01T00:00:00.000000Z', leaseTransitions: 4 });
    expect(terms).toHaveLength(1);
  });

  it('waits until that of another has not changed for its duration, whatever the clock of the other says', async () => {
    keep(theirs({ renewTime: '2020-01-01T00:00:00.000000Z' }));
    start();
    await pass(15_000);
    expect([terms.length, writes()]).toEqual([0, []]);
    await pass(2_200);
    expect([terms.length, lease?.spec.holderIdentity, lease?.spec.leaseTransitions]).toEqual([1, 'me', 5]);
  });

  it('goes on waiting while the other renews it', async () => {
    for (let second = 0; second < 60; second += 10) {
      keep(theirs({ renewTime: `second ${second}` }));
      if (second === 0) start();
      await pass(10_000);
    }
    expect(terms).toEqual([]);
  });

  it('that another one makes first is tried again, and no failure to speak of', async () => {
    let isFirst = true;
    fails = ({ method }) => {
      if (method !== 'POST' || !isFirst) return undefined;
      isFirst = false;
      return 409;
    };
    start();
    await pass(2_200);
    expect([terms.length, messages()]).toEqual([1, ['info: leading']]);
  });

  it('that fails is tried again, and told once in a row', async () => {
    fails = () => 500;
    start();
    await pass(10_000);
    fails = () => undefined;
    await pass(2_200);
    expect(messages()).toEqual([
      'warn: could not get or renew the lease, trying again',
      ...Array.from({ length: 4 }, () => 'debug: could not get or renew the lease, trying again'),
      'info: leading',
    ]);
  });
});

describe('a leader', () => {
  const isLeading = (): boolean[] => terms.map((term) => !term.signal.aborted && !term.lost.aborted && term.mayWrite());

  it('stops when it could not renew for ten seconds, and may not write from that moment on', async () => {
    start();
    await pass(1_000);
    fails = () => 500;
    await pass(8_999);
    expect(isLeading()).toEqual([true]);
    await pass(1);
    expect([isLeading(), terms[0]?.lost.aborted]).toEqual([[false], true]);
    expect(messages()).toContain('warn: lost the lease');
  });

  it('leads again when it gets the Lease again', async () => {
    start();
    await settle();
    fails = () => 500;
    await pass(12_000);
    fails = () => undefined;
    await pass(4_400);
    expect(isLeading()).toEqual([false, true]);
  });

  it('stops at once when another one holds the Lease', async () => {
    start();
    await settle();
    keep(theirs());
    await pass(2_000);
    expect(isLeading()).toEqual([false]);
    stop.abort();
    await settle();
    await ended;
    expect(lease?.spec.holderIdentity).toBe('other');
  });

  it('that is told to stop may write until its work has ended, and releases the Lease then', async () => {
    let end = (): void => undefined;
    start(() => new Promise((resolve) => (end = resolve)));
    await settle();
    stop.abort();
    await settle();
    expect([terms[0]?.signal.aborted, terms[0]?.lost.aborted, terms[0]?.mayWrite()]).toEqual([true, false, true]);
    end();
    await settle();
    await ended;
    expect([terms[0]?.lost.aborted, terms[0]?.mayWrite()]).toEqual([true, false]);
    expect(lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(messages()).toEqual(['info: leading']);
  });

  it('whose work fails releases the Lease and says why', async () => {
    start(() => Promise.reject(new Error('broken')));
    await settle();
    expect(await ended).toMatchObject({ message: 'broken' });
    expect(lease?.spec.holderIdentity).toBe('');
  });

  it('that cannot release the Lease leaves it to expire', async () => {
    start();
    await settle();
    fails = ({ method }) => (method === 'PUT' ? 500 : undefined);
    stop.abort();
    await settle();
    await ended;
    expect(messages().at(-1)).toBe('debug: could not release the lease; it will expire');
    expect(lease?.spec.holderIdentity).toBe('me');
  });
});

describe('a candidate', () => {
  it('that is told to stop has nothing to release', async () => {
    keep(theirs());
    start();
    await settle();
    const before = connection.sent.length;
    stop.abort();
    await settle();
    await ended;
    expect([connection.sent.length, terms, writes()]).toEqual([before, [], []]);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, systemClock } from '@sriov/runtime';
import { createNamespace, eventually, FakeClock, readLogLine, testControlPlane } from '@sriov/testing';
import { KubeClient } from './client/client.ts';
import { type ApiRequest, connect, type Connection } from './connection/connection.ts';
import { loadKubeConfig } from './connection/kubeconfig.ts';
import { type Lease, LEASE } from './core-resources.ts';
import { leadWhile } from './lease.ts';

jest.setTimeout(30_000);

let connection: Connection;
let namespace: string;
let serial = 0;
let name: string;
let candidates: Candidate[];

beforeAll(async () => {
  connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
  namespace = await createNamespace('lease');
});
afterAll(() => connection.close());
beforeEach(() => {
  name = `lease-${(serial += 1)}`;
  candidates = [];
});
afterEach(async () => {
  for (const candidate of candidates) await candidate.stop();
});

/** One process, with a clock of its own: to leave it standing is to freeze the process. */
class Candidate {
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  readonly #stop = new AbortController();
  #ended: Promise<unknown>;
  isLeading = false;
  terms = 0;
  /** What happens to its requests instead. */
  network: ((request: ApiRequest) => Promise<never>) | undefined;

  constructor(identity: string, work?: (signal: AbortSignal) => Promise<void>) {
    candidates.push(this);
    const own: Connection = {
      server: connection.server,
      send: (request) => (this.network ? this.network(request) : connection.send(request)),
      close: () => undefined,
    };
    const write = (line: string): void => void this.logged.push(readLogLine(line).msg);
    this.#ended = leadWhile(
      {
        client: new KubeClient({ connection: own, clock: this.clock, fieldManager: 'spec' }),
        namespace,
        name,
        identity,
        clock: this.clock,
        random: () => 0.5,
        log: createLogger({ service: 'spec', level: 'info' }, { write }),
      },
      ({ signal }) => (work ? work(signal) : this.#lead(signal)),
      this.#stop.signal,
    ).catch((error: unknown) => error);
  }

  get ended(): Promise<unknown> {
    return this.#ended;
  }

  stop(): Promise<unknown> {
    this.#stop.abort();
    return this.#ended;
  }

  /** Until it waits for nothing but time. */
  async settle(): Promise<void> {
    await eventually(() => this.clock.sleepers === 1 && this.clock.pending === 1);
  }

  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.settle();
    for (let next = this.clock.untilNext ?? ms; this.clock.now() + next <= end; next = this.clock.untilNext ?? ms) {
      await this.clock.advance(next);
      await this.settle();
    }
    await this.clock.advance(end - this.clock.now());
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.isLeading = true;
    this.terms += 1;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.isLeading = false;
  }
}

const client = (): KubeClient => new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
const read = (): Promise<Lease> => client().get(LEASE, { name, namespace });

/** A leader and another who waits. */
async function startTwo(): Promise<[Candidate, Candidate]> {
  const first = new Candidate('first');
  await eventually(() => first.isLeading);
  await first.settle();
  const second = new Candidate('second');
  await second.settle();
  return [first, second];
}

describe('the lease', () => {
  it('is held by one of two for as long as that one renews it', async () => {
    const [first, second] = await startTwo();
    for (let n = 0; n < 10; n += 1) {
      await first.pass(5_000);
      await second.pass(5_000);
    }
    expect([first.isLeading, first.terms, second.terms]).toEqual([true, 1, 0]);
    const { spec } = await read();
    expect(spec).toMatchObject({ holderIdentity: 'first', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(spec.acquireTime).toBe('2026-01-01T00:00:00.000000Z');
    expect(Date.parse(spec.renewTime ?? '') - Date.parse(spec.acquireTime ?? '')).toBeGreaterThanOrEqual(48_000);
  });

  it('is released by a leader that stops, so that another leads within seconds', async () => {
    const [first, second] = await startTwo();
    await first.stop();
    expect((await read()).spec.holderIdentity ?? '').toBe('');
    await second.pass(2_500);
    await eventually(() => second.isLeading);
    expect((await read()).spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
  });

  it('is taken over 15 s after the last renewal of a leader that vanished, and not before', async () => {
    const [, second] = await startTwo();
    await second.pass(14_500);
    expect(second.isLeading).toBe(false);
    await second.pass(3_500);
    await eventually(() => second.isLeading);
  });

  it('ends the term of a leader that wakes up to find another', async () => {
    const [first, second] = await startTwo();
    await second.pass(18_000);
    await eventually(() => second.isLeading);
    await first.clock.advance(2_000);
    await eventually(() => !first.isLeading);
    await first.settle();
    expect([second.isLeading, first.terms]).toEqual([true, 1]);
    expect(first.logged).toEqual(['leading', 'lost the lease']);
  });

  it.each<[string, (request: ApiRequest) => Promise<never>]>([
    ['refuses connections', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    [
      'does not answer',
      ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    ],
  ])(
    'is given up 10 s after the last renewal when the server %s, and won back when it is there again',
    async (_, network) => {
      const leader = new Candidate('first');
      await eventually(() => leader.isLeading);
      await leader.pass(4_000);
      leader.network = network;
      const elapse = async (ms: number): Promise<void> => {
        for (let n = 0; n < ms / 500; n += 1) await leader.clock.advance(500);
      };
      await elapse(9_500);
      expect(leader.isLeading).toBe(true);
      await elapse(500);
      expect(leader.isLeading).toBe(false);
      leader.network = undefined;
      await eventually(async () => {
        await elapse(500);
        return leader.isLeading;
      });
      expect([leader.logged.at(0), leader.logged.at(-1), leader.terms]).toEqual(['leading', 'leading', 2]);
      expect(leader.logged.filter((line) => line === 'lost the lease')).toHaveLength(1);
    },
  );

  it('that expired is not trusted by its time: clocks differ', async () => {
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: '2001-01-01T00:00:00.000000Z' };
    await client().create(LEASE, { metadata: { name, namespace }, spec });
    const candidate = new Candidate('first');
    await candidate.pass(14_500);
    expect(candidate.isLeading).toBe(false);
    await candidate.pass(3_500);
    await eventually(() => candidate.isLeading);
  });

  it('is not taken over by a candidate whose clock is set forth while the leader renews', async () => {
    const [first, second] = await startTwo();
    second.clock.jump(3_600_000);
    await second.pass(4_000);
    await first.pass(4_000);
    await second.pass(4_000);
    expect([first.isLeading, second.isLeading]).toEqual([true, false]);
  });

  it('is given up in time by a leader that cannot renew and whose clock is set back', async () => {
    const leader = new Candidate('first');
    await eventually(() => leader.isLeading);
    await leader.pass(4_000);
    leader.network = () => Promise.reject(new Error('connect ECONNREFUSED'));
    leader.clock.jump(-3_600_000);
    for (let n = 0; n < 20; n += 1) await leader.clock.advance(500);
    expect(leader.isLeading).toBe(false);
  });

  it('goes to exactly one of many who want it at the same time', async () => {
    const many = Array.from({ length: 5 }, (_, index) => new Candidate(`candidate-${index}`));
    for (const candidate of many) await candidate.settle();
    expect(many.filter(({ isLeading }) => isLeading)).toHaveLength(1);
  });

  it('is released when the work fails, and the failure is passed on', async () => {
    const failing = new Candidate('first', () => Promise.reject(new Error('broken')));
    expect(await failing.ended).toEqual(new Error('broken'));
    expect((await read()).spec.holderIdentity ?? '').toBe('');
  });

  it('is not touched by a candidate that stops while another leads', async () => {
    const [, second] = await startTwo();
    const before = await read();
    await second.stop();
    expect(await read()).toEqual(before);
  });
});

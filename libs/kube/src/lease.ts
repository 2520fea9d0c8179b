import { formatMicroTime } from '@sriov/api';
import { type Clock, type Logger } from '@sriov/runtime';
import { isConflict, isNotFound } from './api-error.ts';
import { type KubeClient } from './client/client.ts';
import { type WritePermit } from './client/requests.ts';
import { type Lease, LEASE } from './core-resources.ts';

/** Who wants to lead, and by which Lease. */
export interface LeaseOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process. */
  readonly identity: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
}

/** The time for which this process leads. */
export interface Term extends WritePermit {
  /** Aborts when the work has to end: the Lease is lost, or the process is told to stop. */
  readonly signal: AbortSignal;
}

/** Another process may take a lease that was not renewed for this long. */
const LEASE_MS = 15_000;
/** A leader that could not renew for this long stops leading, before another process may begin. */
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Calls `lead` while this process holds the Lease, again each time it gets it, until `signal` aborts. The signal of the
 * term that `lead` is given aborts when the Lease is lost; another process can only get it after `lead` had 5 s to
 * stop. In the end the Lease is released, so that the next leader need not wait for it to expire. Rejects when `lead`
 * does.
 */
export async function leadWhile(
  options: LeaseOptions,
  lead: (term: Term) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { log, name, identity } = options;
  const holder = new LeaseHolder(options);
  try {
    while (await holder.acquire(signal)) {
      log.info({ lease: name, identity }, 'leading');
      await leadOnce(holder, lead, signal);
      if (!signal.aborted) log.warn({ lease: name, identity }, 'lost the lease');
    }
  } finally {
    await holder.release();
  }
}

async function leadOnce(holder: LeaseHolder, lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
  const ended = new AbortController();
  const lost = new AbortController();
  const stop = (): void => ended.abort();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const renewing = holder.renewUntilLost(ended.signal).finally(() => {
    // A process that is told to stop may finish what it began: it holds the Lease until it releases it.
    if (!ended.signal.aborted) lost.abort();
    stop();
  });
  try {
    await lead({ signal: ended.signal, lost: lost.signal, mayWrite: () => !lost.signal.aborted && holder.isHeld() });
  } finally {
    lost.abort();
    stop();
    signal.removeEventListener('abort', stop);
    await renewing;
  }
}

/** Whose the Lease is after a try to get or renew it; `unknown` when the try failed. */
type Holder = 'ours' | 'theirs' | 'unknown';

/** Holds, or tries to get, the Lease. */
class LeaseHolder {
  readonly #options: LeaseOptions;
  /** What the Lease said last, and when we saw it change: clocks of other machines are not trusted. */
  #seen: { readonly record: string; readonly at: number } | undefined;
  /** When the last claim that succeeded was sent: nobody can take the Lease for its duration from then on. */
  #claimedAt = 0;
  /**
   * Set from the first claim on, which may have been heard even if it was not answered, until we see another holder.
   */
  #mayBeOurs = false;
  #failures = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Resolves with true when the Lease is ours, with false when `signal` aborts first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, random } = this.#options;
    while (!signal.aborted) {
      if ((await this.#attempt()) === 'ours') return true;
      await clock.sleep(RETRY_MS * (1 + 0.2 * random()), signal);
    }
    return false;
  }

  /** Renews every two seconds; resolves when that failed for ten, at once when another holds it, or on abort. */
  async renewUntilLost(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const rest = (): number => this.#claimedAt + RENEW_DEADLINE_MS - clock.elapsed();
    while (rest() > 0) {
      await clock.sleep(Math.min(RETRY_MS, rest()), signal);
      if (signal.aborted) return;
      if ((await this.#attemptWithin(rest(), signal)) === 'theirs') return;
    }
  }

  /** By the clock alone, which goes on while the process is stopped: nobody else can lead yet. */
  isHeld(): boolean {
    return this.#options.clock.elapsed() < this.#claimedAt + RENEW_DEADLINE_MS;
  }

  /** Gives the Lease back, if it may be ours. */
  async release(): Promise<void> {
    const { client, identity, log, clock } = this.#options;
    if (!this.#mayBeOurs) return;
    try {
      const lease = await client.get(LEASE, this.#ref);
      if (lease.spec.holderIdentity !== identity) return;
      const spec = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: formatMicroTime(clock.now()),
      };
      await client.replace(LEASE, { ...lease, spec });
    } catch (error) {
      log.debug({ lease: this.#ref.name, err: error }, 'could not release the lease; it will expire');
    }
  }

  get #ref(): { name: string; namespace: string } {
    return { name: this.#options.name, namespace: this.#options.namespace };
  }

  /** One try that must not outlast `ms`: a request that hangs would keep us leading beyond the Lease. */
  async #attemptWithin(ms: number, signal: AbortSignal): Promise<Holder> {
    const timeout = new AbortController();
    const end = (): void => timeout.abort();
    signal.addEventListener('abort', end);
    const sleeping = this.#options.clock.sleep(ms, timeout.signal).then((): Holder => 'unknown');
    try {
      return await Promise.race([this.#attempt(), sleeping]);
    } finally {
      end();
      signal.removeEventListener('abort', end);
    }
  }

  /** One try to get or renew. */
  async #attempt(): Promise<Holder> {
    try {
      const holder = await this.#getOrTake();
      this.#failures = 0;
      return holder;
    } catch (error) {
      // Another candidate was faster. The next attempt shows which one.
      if (!isConflict(error)) this.#noteFailure(error);
      return 'unknown';
    }
  }

  #noteFailure(error: unknown): void {
    this.#failures += 1;
    const level = this.#failures === 1 ? 'warn' : 'debug';
    this.#options.log[level]({ lease: this.#ref.name, err: error }, 'could not get or renew the lease, trying again');
  }

  async #getOrTake(): Promise<Holder> {
    const { client, clock } = this.#options;
    const lease = await this.#read();
    if (lease && !this.#mayTake(lease)) {
      this.#mayBeOurs = false;
      return 'theirs';
    }
    const sentAt = clock.elapsed();
    this.#mayBeOurs = true;
    if (lease) await client.replace(LEASE, { ...lease, spec: this.#claim(lease) });
    else await client.create(LEASE, { metadata: { ...this.#ref }, spec: this.#claim(undefined) });
    this.#claimedAt = sentAt;
    return 'ours';
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get(LEASE, this.#ref);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #mayTake(lease: Lease): boolean {
    const { identity, clock } = this.#options;
    const record = JSON.stringify(lease.spec);
    if (this.#seen?.record !== record) this.#seen = { record, at: clock.elapsed() };
    const holder = lease.spec.holderIdentity ?? '';
    if (holder === '' || holder === identity) return true;
    return clock.elapsed() - this.#seen.at > (lease.spec.leaseDurationSeconds ?? 0) * 1000;
  }

  #claim(lease: Lease | undefined): Lease['spec'] {
    const { identity, clock } = this.#options;
    const now = formatMicroTime(clock.now());
    const isRenewal = lease?.spec.holderIdentity === identity;
    const transitions = lease?.spec.leaseTransitions ?? 0;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_MS / 1000,
      acquireTime: isRenewal ? (lease.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: lease === undefined || isRenewal ? transitions : transitions + 1,
    };
  }
}

import { type Clock, type Logger } from '@sriov/runtime';
import { isConflict, isNotFound } from './api-error.ts';
import { Backoff } from './backoff.ts';
import { type KubeClient } from './client.ts';
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

/** A lease that was not renewed for so long may be taken by another. */
const LEASE_MS = 15_000;
/** A leader that could not renew for so long stops leading, before another may begin. */
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Calls `lead` while this process holds the Lease, again each time it gets it, until `signal` aborts. The signal that
 * `lead` is given aborts when the Lease is lost; another process can only get it after `lead` had 5 s to stop.
 * On abort the Lease is released, so that the next leader need not wait for it to expire.
 */
export async function leadWhile(
  options: LeaseOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { log, name, identity } = options;
  const holder = new LeaseHolder(options);
  while (!signal.aborted) {
    if (!(await holder.acquire(signal))) return;
    log.info({ lease: name, identity }, 'leading');
    await leadOnce(holder, { lead, signal, clock: options.clock });
    if (!signal.aborted) log.warn({ lease: name, identity }, 'lost the lease');
  }
  await holder.release();
}

async function leadOnce(
  holder: LeaseHolder,
  term: { lead: (signal: AbortSignal) => Promise<void>; signal: AbortSignal; clock: Clock },
): Promise<void> {
  const lost = new AbortController();
  const stop = (): void => lost.abort();
  term.signal.addEventListener('abort', stop);
  const renewing = holder.renewUntilLost(lost.signal).finally(stop);
  try {
    await term.lead(lost.signal);
  } finally {
    stop();
    term.signal.removeEventListener('abort', stop);
    await renewing;
  }
}

/** Holds, or tries to get, the Lease. */
class LeaseHolder {
  readonly #options: LeaseOptions;
  readonly #backoff: Backoff;
  /** What the Lease said last, and when we saw it change: clocks of other machines are not trusted. */
  #seen: { readonly record: string; readonly at: number } | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ baseMs: RETRY_MS, maxMs: 5 * RETRY_MS, random: options.random });
  }

  /** Resolves with true when the Lease is ours, with false when `signal` aborts first. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#attempt()) {
        this.#backoff.reset();
        return true;
      }
      await this.#options.clock.sleep(this.#backoff.next(), signal);
    }
    return false;
  }

  /** Renews every two seconds; resolves when that failed for ten, when another holds it, or on abort. */
  async renewUntilLost(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let renewedAt = clock.now();
    while (!signal.aborted && clock.now() - renewedAt < RENEW_DEADLINE_MS) {
      await clock.sleep(RETRY_MS, signal);
      if (signal.aborted) return;
      if (await this.#attempt()) renewedAt = clock.now();
    }
  }

  async release(): Promise<void> {
    const { client, identity, log, clock } = this.#options;
    try {
      const lease = await client.get(LEASE, this.#ref);
      if (lease.spec.holderIdentity !== identity) return;
      const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock.now()) };
      await client.replace(LEASE, { ...lease, spec });
    } catch (error) {
      log.debug({ lease: this.#ref.name, err: error }, 'could not release the lease; it will expire');
    }
  }

  get #ref(): { name: string; namespace: string } {
    return { name: this.#options.name, namespace: this.#options.namespace };
  }

  /** One try to get or renew. Failures of any kind count as "not ours now". */
  async #attempt(): Promise<boolean> {
    try {
      return await this.#getOrTake();
    } catch (error) {
      const level = isConflict(error) ? 'debug' : 'warn';
      this.#options.log[level]({ lease: this.#ref.name, err: error }, 'could not get or renew the lease');
      return false;
    }
  }

  async #getOrTake(): Promise<boolean> {
    const { client } = this.#options;
    const lease = await this.#read();
    if (lease === undefined) {
      await client.create(LEASE, { metadata: { ...this.#ref }, spec: this.#claim(undefined) });
      return true;
    }
    this.#observe(lease);
    if (!this.#mayTake(lease)) return false;
    await client.replace(LEASE, { ...lease, spec: this.#claim(lease) });
    return true;
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get(LEASE, this.#ref);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #observe(lease: Lease): void {
    const record = JSON.stringify(lease.spec);
    if (this.#seen?.record !== record) this.#seen = { record, at: this.#options.clock.now() };
  }

  #mayTake(lease: Lease): boolean {
    const { identity, clock } = this.#options;
    const holder = lease.spec.holderIdentity ?? '';
    if (holder === '' || holder === identity) return true;
    return clock.now() - (this.#seen?.at ?? 0) > (lease.spec.leaseDurationSeconds ?? 0) * 1000;
  }

  #claim(lease: Lease | undefined): Lease['spec'] {
    const { identity, clock } = this.#options;
    const now = microTime(clock.now());
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

/** RFC 3339 with six digits behind the second, the form of `metav1.MicroTime`. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

import { keyOf, type KubeObject } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type Clock, type Logger } from '@sriov/runtime';
import { ApiError, isExpired, isInactive } from '../api-error.ts';
import { Backoff } from './backoff.ts';
import { type Page, type PageRequest, type WatchEvent, type WatchRequest } from '../client/requests.ts';
import { readStatus } from '../client/status.ts';
import { type Store } from './store.ts';

/** Where a reflector gets its objects from; {@link createListWatch} makes one of a client. */
export interface ListWatch<T> {
  page(request: Pick<PageRequest, 'limit' | 'continueToken' | 'signal'>): Promise<Page<T>>;
  watch(request: Omit<WatchRequest, 'namespace' | 'labelSelector' | 'fieldSelector'>): AsyncIterable<WatchEvent<T>>;
}

/** What a reflector counts. */
export interface ReflectorMetrics {
  listed(kind: string): void;
  watched(kind: string): void;
  failed(kind: string, status: number): void;
}

/** How a reflector works. */
export interface ReflectorOptions<T extends KubeObject> {
  /** Stands in logs and metrics. */
  readonly kind: string;
  readonly source: ListWatch<T>;
  readonly store: Store<T>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics?: ReflectorMetrics;
  readonly pageSize?: number;
}

/**
 * A watch without a byte for so long is started again: its peer may be gone without a word. API servers send a bookmark
 * each minute to whoever asks for them, each second minute in quiet times, but none while a kind has no events at all,
 * so silence is no failure.
 */
export const INACTIVITY_MS = 150_000;
/** The server is asked to end each watch after a random time in this range, so that reconnects spread out. */
const WATCH_SECONDS = { least: 300, most: 600 };
/** A watch that lived so long was healthy: after it the delay starts again. */
const HEALTHY_MS = 10_000;
const BACKOFF = { baseMs: 1_000, maxMs: 15_000 };
/** A request may cost so much time on average, so that even rounds of many pages are no storm. */
const REQUEST_SPACING_MS = 1_000;
/**
 * Watches refused in a row after which the list is taken again: a server whose data was restored from a backup refuses
 * our resource version for good, and not with 410.
 */
const MAX_REFUSALS = 5;

/** One list, where one is due, and one watch. */
interface Round {
  readonly start: number;
  requests: number;
  hasListed: boolean;
  /** When the watch was begun. */
  watchedAt: number | undefined;
}

/**
 * Keeps a store equal to the API server's objects: lists in pages, then watches from there on, and goes on after
 * every kind of fault, at most one round a second on average. A resource version that the server no longer keeps
 * (410, as a status or within the watch) leads to a new list, whose differences reach the store as changes.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: Backoff;
  readonly #synced: Promise<void>;
  #markSynced: () => void = () => undefined;
  #isSynced = false;
  #resourceVersion: string | undefined;
  #failures = 0;
  #refusals = 0;
  #problem: string | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#backoff = new Backoff({ ...BACKOFF, random: options.random });
    this.#synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
  }

  /** Resolves when the first list is complete. */
  get synced(): Promise<void> {
    return this.#synced;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Why the objects cannot be followed at the moment. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Runs until `signal` aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const isStopped = (): boolean => signal.aborted;
    while (!isStopped()) {
      const round: Round = { start: clock.elapsed(), requests: 0, hasListed: false, watchedAt: undefined };
      const failure = await this.#try(round, signal);
      if (isStopped()) return;
      await clock.sleep(this.#delay(round, failure), signal);
    }
  }

  /** Goes through a round. Returns what ended it, or undefined after a clean end. */
  async #try(round: Round, signal: AbortSignal): Promise<unknown> {
    try {
      this.#resourceVersion ??= await this.#list(round, signal);
      if (!signal.aborted) await this.#watch(round, signal);
      return undefined;
    } catch (error) {
      if (isInactive(error)) return undefined;
      if (!signal.aborted) this.#noteFailure(error);
      if (this.#mustListAgain(error)) {
        this.#resourceVersion = undefined;
        this.#refusals = 0;
      }
      return error;
    }
  }

  #mustListAgain(error: unknown): boolean {
    if (isExpired(error)) return true;
    const isRefusal = error instanceof ApiError && error.status > 0 && error.status !== 429;
    if (isRefusal) this.#refusals += 1;
    return this.#refusals >= MAX_REFUSALS;
  }

  async #list(round: Round, signal: AbortSignal): Promise<string | undefined> {
    const { source, store, metrics, kind, pageSize } = this.#options;
    const keys = new Set<string>();
    let continueToken: string | undefined;
    let resourceVersion: string;
    do {
      round.requests += 1;
      const page: Page<T> = await source.page({ limit: pageSize ?? 500, continueToken, signal });
      if (signal.aborted) return undefined;
      for (const object of page.items) {
        keys.add(keyOf(object));
        store.upsert(object);
      }
      ({ resourceVersion, continueToken } = { continueToken: undefined, ...page });
    } while (continueToken !== undefined);
    store.retain(keys);
    round.hasListed = true;
    metrics?.listed(kind);
    this.#noteSuccess();
    this.#isSynced = true;
    this.#markSynced();
    return resourceVersion;
  }

  async #watch(round: Round, signal: AbortSignal): Promise<void> {
    const { source, random, metrics, kind, clock } = this.#options;
    const { least, most } = WATCH_SECONDS;
    metrics?.watched(kind);
    round.requests += 1;
    round.watchedAt = clock.elapsed();
    const events = source.watch({
      resourceVersion: this.#resourceVersion ?? '',
      timeoutSeconds: Math.floor(least + random() * (most - least)),
      inactivityMs: INACTIVITY_MS,
      signal,
    });
    for await (const event of events) {
      this.#take(event);
      this.#refusals = 0;
      this.#noteSuccess();
    }
  }

  #take(event: WatchEvent<T>): void {
    const { store } = this.#options;
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        store.upsert(event.object);
        break;
      case 'DELETED':
        store.remove(keyOf(event.object));
        break;
      case 'BOOKMARK':
        break;
      case 'ERROR':
        throw statusError(event.object);
    }
    this.#resourceVersion = event.object.metadata.resourceVersion;
  }

  #delay({ start, requests, hasListed, watchedAt }: Round, failure: unknown): number {
    const { random, clock } = this.#options;
    const now = clock.elapsed();
    const asked = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) : 0;
    const spacing = requests * REQUEST_SPACING_MS - (now - start);
    const isHealthy = watchedAt !== undefined && now - watchedAt >= HEALTHY_MS;
    if (isHealthy) this.#backoff.reset();
    // A server that is back after an outage knows no old version. It has answered: the list need not wait as for a
    // server that is away, unless it was the remedy already.
    const isRemedied = isExpired(failure) && !hasListed;
    return Math.max(asked, spacing, isHealthy || isRemedied ? random() * 1_000 : this.#backoff.next());
  }

  /** Logs the first failure of a row, not each: a server that is down for an hour is one piece of news. */
  #noteFailure(error: unknown): void {
    const { log, metrics, kind } = this.#options;
    metrics?.failed(kind, error instanceof ApiError ? error.status : 0);
    // That a version is no longer kept is how a busy server goes on; the list that follows is the remedy.
    if (isExpired(error)) return;
    this.#failures += 1;
    this.#problem = messageOf(error);
    if (this.#failures === 1) log.warn({ kind, err: error }, 'cannot follow the objects of a kind, trying again');
  }

  #noteSuccess(): void {
    if (this.#failures > 0) {
      this.#options.log.info(
        { kind: this.#options.kind, failures: this.#failures },
        'follow the objects of a kind again',
      );
    }
    this.#failures = 0;
    this.#problem = undefined;
  }
}

function statusError(object: unknown): ApiError {
  const { code, reason, message } = readStatus(object) ?? {};
  return new ApiError(`the watch ended: ${message ?? 'no reason given'}`, {
    status: code ?? 0,
    ...(reason !== undefined && { reason }),
  });
}

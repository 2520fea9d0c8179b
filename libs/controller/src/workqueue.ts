import { FairQueue } from './fair-queue.ts';
import { type Timers } from './timers.ts';

/** How a queue delays keys that failed, and who hears of its depth. */
export interface QueueOptions {
  readonly timers: Timers;
  /** Delay after the first failure, doubled after each further one. Default 5 ms. */
  readonly baseDelayMs?: number;
  /** Longest delay. Default 1,000 s. */
  readonly maxDelayMs?: number;
  /** Called with the number of waiting keys whenever that changes while the queue runs. */
  readonly onDepth?: (depth: number) => void;
}

/**
 * Longest time for which the queue starts work without yielding to the event loop: probes and watches wait meanwhile.
 */
const YIELD_AFTER_MS = 10;

/**
 * A rate-limited work queue of keys, fair between namespaces. A key is in the queue at most once, and no two workers
 * process it at the same time: a key that is added while a worker processes it comes back when that worker is done.
 */
export class WorkQueue {
  readonly #options: Required<QueueOptions>;
  readonly #waiting = new FairQueue();
  readonly #processing = new Set<string>();
  /** Keys that were added while a worker processed them. */
  readonly #dirty = new Set<string>();
  /** Consecutive failures by key, and when the first of them was, by the monotonic clock. */
  readonly #failures = new Map<string, { count: number; readonly since: number }>();
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #wake: (() => void) | undefined;
  #isRunning = false;

  constructor(options: QueueOptions) {
    this.#options = { baseDelayMs: 5, maxDelayMs: 1_000_000, onDepth: () => undefined, ...options };
  }

  /** Keys that wait for a worker, without delayed ones. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Makes the key due now. */
  add(key: string): void {
    this.#cancelDelay(key);
    if (this.#processing.has(key)) {
      this.#dirty.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.#changed();
  }

  /** Makes the key due in `ms`, unless it is due earlier. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const { timers } = this.#options;
    const at = timers.elapsed() + ms;
    const earlier = this.#delayed.get(key);
    if (this.#waiting.has(key) || (earlier && earlier.at <= at)) return;
    earlier?.cancel();
    const cancel = timers.setTimer(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /**
   * Makes a failed key due after its backoff, which doubles with each failure in a row, within `bounds`.
   * Returns the delay in milliseconds.
   */
  addFailed(key: string, bounds: { readonly leastMs?: number; readonly mostMs?: number } = {}): number {
    const failures = this.failures(key);
    const { baseDelayMs, maxDelayMs, timers } = this.#options;
    const since = this.#failures.get(key)?.since ?? timers.elapsed();
    this.#failures.set(key, { count: failures + 1, since });
    const { leastMs = 0, mostMs = maxDelayMs } = bounds;
    const delay = Math.max(leastMs, Math.min(maxDelayMs, mostMs, baseDelayMs * 2 ** failures));
    this.addAfter(key, delay);
    return delay;
  }

  /** Consecutive failures of the key. */
  failures(key: string): number {
    return this.#failures.get(key)?.count ?? 0;
  }

  /** Milliseconds since the first of the consecutive failures of the key; 0 when there is none. */
  failingMs(key: string): number {
    const since = this.#failures.get(key)?.since;
    return since === undefined ? 0 : this.#options.timers.elapsed() - since;
  }

  /** Resets the backoff of the key. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /**
   * Processes keys, at most `workers` at a time, until `signal` aborts. Then it waits for the keys in work and
   * resolves. It drops the keys that still wait: the next leader starts from the objects, not from this queue. `handle`
   * must not reject.
   */
  async run(workers: number, handle: (key: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop);
    const isStopped = (): boolean => signal.aborted;
    const inWork = new Set<Promise<void>>();
    const { timers } = this.#options;
    let yieldedAt = timers.elapsed();
    this.#isRunning = true;
    this.#tellDepth();
    while (!isStopped()) {
      while (inWork.size < workers && this.#waiting.size > 0 && !isStopped()) {
        const work = this.#work(handle).finally(() => {
          inWork.delete(work);
          this.#wake?.();
        });
        inWork.add(work);
        if (timers.elapsed() - yieldedAt < YIELD_AFTER_MS) continue;
        // A reconcile that waits for nothing ends without yielding. Thousands of them would block the loop for seconds.
        await new Promise(setImmediate);
        yieldedAt = timers.elapsed();
      }
      await this.#nextChange(signal);
    }
    signal.removeEventListener('abort', stop);
    await Promise.all(inWork);
    this.#drop();
  }

  #drop(): void {
    for (const key of [...this.#delayed.keys()]) this.#cancelDelay(key);
    this.#failures.clear();
    this.#waiting.clear();
    this.#tellDepth();
    this.#isRunning = false;
  }

  async #work(handle: (key: string) => Promise<void>): Promise<void> {
    const key = this.#waiting.take();
    if (key === undefined) return;
    this.#tellDepth();
    this.#processing.add(key);
    try {
      await handle(key);
    } finally {
      this.#processing.delete(key);
      if (this.#dirty.delete(key)) this.add(key);
    }
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #cancelDelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  #changed(): void {
    this.#tellDepth();
    this.#wake?.();
  }

  /** Keys that wait until this process leads are no backlog. */
  #tellDepth(): void {
    if (this.#isRunning) this.#options.onDepth(this.depth);
  }
}

import { FairKeys } from './fair-keys.ts';
import { type Timers } from './timers.ts';

/** Limits of the delay after failures of one key. */
export interface QueueOptions {
  readonly timers: Timers;
  /** Delay after the first failure, doubled after each further one. Default 5 ms. */
  readonly baseDelayMs?: number;
  /** Longest delay. Default 1,000 s. */
  readonly maxDelayMs?: number;
  /** Told of the number of waiting keys whenever it changes while they are worked on. */
  readonly onDepth?: (depth: number) => void;
}

/** Longest time that keys are taken in hand without letting the event loop turn: probes and watches wait meanwhile. */
const TURN_MS = 10;

/**
 * Keys that wait to be worked on, in turn of their namespaces. A key stands in the queue at most once, and is never worked on twice at the same
 * time: one that is added while a worker has it comes back when that worker is done.
 */
export class WorkQueue {
  readonly #options: Required<QueueOptions>;
  readonly #waiting = new FairKeys();
  readonly #running = new Set<string>();
  readonly #again = new Set<string>();
  /** Consecutive failures by key, and when the first of them was, by the monotonic clock. */
  readonly #failures = new Map<string, { count: number; readonly since: number }>();
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>();
  #wake: (() => void) | undefined;
  #isRunning = false;

  constructor(options: QueueOptions) {
    this.#options = { baseDelayMs: 5, maxDelayMs: 1_000_000, onDepth: () => undefined, ...options };
  }

  /** Keys that wait for a worker, delayed ones left out. */
  get depth(): number {
    return this.#waiting.size;
  }

  /** Makes the key due now. */
  add(key: string): void {
    this.#cancelDelay(key);
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.add(key);
    this.#changed();
  }

  /** Makes the key due in `ms`, unless it is due earlier already. */
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
   * Makes a key that failed due after its delay, which doubles with each failure in a row, within `bounds`.
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

  /** Ends the run of failures of the key. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /**
   * Works keys off with at most `workers` at a time until `signal` aborts; then waits for the keys in work and
   * resolves. Keys that still wait are dropped: who starts next sees the world, not the queue.
   * `handle` must not reject.
   */
  async run(workers: number, handle: (key: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake?.();
    signal.addEventListener('abort', stop);
    const isStopped = (): boolean => signal.aborted;
    const inWork = new Set<Promise<void>>();
    const { timers } = this.#options;
    let turnBegan = timers.elapsed();
    this.#isRunning = true;
    this.#tellDepth();
    while (!isStopped()) {
      while (inWork.size < workers && this.#waiting.size > 0 && !isStopped()) {
        const work = this.#work(handle).finally(() => {
          inWork.delete(work);
          this.#wake?.();
        });
        inWork.add(work);
        if (timers.elapsed() - turnBegan < TURN_MS) continue;
        // Keys that wait for nothing end before the loop turns: thousands of them would hold it up for seconds.
        await new Promise(setImmediate);
        turnBegan = timers.elapsed();
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
    this.#running.add(key);
    try {
      await handle(key);
    } finally {
      this.#running.delete(key);
      if (this.#again.delete(key)) this.add(key);
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

  /** Nobody is behind with keys that wait for another process to stop leading. */
  #tellDepth(): void {
    if (this.#isRunning) this.#options.onDepth(this.depth);
  }
}

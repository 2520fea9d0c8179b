import { setImmediate as turn } from 'node:timers/promises';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. Satisfies the clock ports of all libraries. */
export class FakeClock {
  #now: number;
  readonly #timers = new Set<Timer>();
  #sleepers = 0;
  #jumped = 0;

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now + this.#jumped;
  }

  elapsed(): number {
    return this.#now;
  }

  /** Someone sets the clock forth, or back, while no time passes. */
  jump(ms: number): void {
    this.#jumped += ms;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    this.#sleepers += 1;
    return new Promise((resolve) => {
      const finish = (): void => {
        this.#sleepers -= 1;
        cancel();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = this.setTimer(ms, finish);
      signal?.addEventListener('abort', finish);
    });
  }

  /** Sleeps that have not ended: who sleeps waits for nothing else. */
  get sleepers(): number {
    return this.#sleepers;
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer fires; nothing when there is none. */
  get untilNext(): number | undefined {
    const next = this.#next();
    return next && Math.max(0, next.at - this.#now);
  }

  /** Moves the time on; timers fire in order, each at its time, with promise jobs done in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await turn();
    for (let timer = this.#next(); timer && timer.at <= end; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await turn();
    }
    this.#now = end;
  }

  /** Lets time pass until the promise is settled, and returns it: for work that waits for nothing but this clock. */
  async run<T>(work: Promise<T>): Promise<T> {
    const end = { isReached: false };
    const reach = (): void => {
      end.isReached = true;
    };
    work.then(reach, reach);
    while (!end.isReached) await this.advance(this.untilNext ?? 0);
    return work;
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer;
    return next;
  }
}

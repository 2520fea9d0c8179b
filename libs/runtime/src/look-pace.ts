import { type Clock } from './clock.ts';

/** How looks follow each other. */
export interface LookPaceOptions {
  readonly clock: Pick<Clock, 'elapsed'>;
  /** Events cause at most one look in so many milliseconds. */
  readonly leastMs: number;
}

/** Longest pause after a look, in milliseconds: what has changed meanwhile should not wait for longer. */
const LONGEST_PAUSE_MS = 10_000;

/**
 * Decides when the next look may begin that an event causes. A look is followed by a pause as long as itself: on a
 * machine where looks are slow, because others need its processors as well, they take half of the time and not all.
 */
export class LookPace {
  readonly #options: LookPaceOptions;
  /** When the next look may begin. */
  #earliest = -Infinity;
  /** When the look begins that the last event has caused. */
  #dueAt = -Infinity;
  #looks = 0;
  /** What to call at the end of the present look: it may have passed what an event has told of since it began. */
  #pending: ((delayMs: number) => void) | undefined;

  constructor(options: LookPaceOptions) {
    this.#options = options;
  }

  /** Follows a look, whoever has asked for it. @throws what the look throws */
  async look<T>(look: () => Promise<T>): Promise<T> {
    const { clock, leastMs } = this.#options;
    const begunAt = clock.elapsed();
    this.#looks += 1;
    try {
      return await look();
    } finally {
      this.#looks -= 1;
      const endedAt = clock.elapsed();
      this.#earliest = Math.max(begunAt + leastMs, endedAt + Math.min(endedAt - begunAt, LONGEST_PAUSE_MS));
      const wake = this.#pending;
      this.#pending = undefined;
      if (wake) this.event(wake);
    }
  }

  /** An event has told of a change: calls `wake` with how long to wait, once for all events until then. */
  event(wake: (delayMs: number) => void): void {
    const { clock, leastMs } = this.#options;
    const now = clock.elapsed();
    // That look is still to come, and will see what this event reports.
    if (this.#dueAt > now) return;
    if (this.#looks > 0) {
      this.#pending = wake;
      return;
    }
    this.#dueAt = Math.max(now, this.#earliest);
    this.#earliest = this.#dueAt + leastMs;
    wake(this.#dueAt - now);
  }
}

import { type Clock } from '@sriov/runtime';

/** Progress has to last so long before it is written. */
export const PROGRESS_MS = 10_000;

/**
 * Holds progress back: counts that rise node by node, and policies that are not ready for a moment because another
 * one changes their nodes. What people wait for (Ready, Degraded, a new generation) is not held back.
 */
export class ProgressPace {
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** Since when there is progress to be written, by key. */
  readonly #since = new Map<string, number>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** How long to hold the progress of the key back, in ms; 0 when it is due. */
  holdBack(key: string): number {
    const since = this.#since.get(key) ?? this.#clock.elapsed();
    this.#since.set(key, since);
    return Math.max(0, since + PROGRESS_MS - this.#clock.elapsed());
  }

  /** The status of the key is up to date. */
  forget(key: string): void {
    this.#since.delete(key);
  }
}

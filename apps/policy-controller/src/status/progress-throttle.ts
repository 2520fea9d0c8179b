import { type Clock } from '@sriov/runtime';

/** How long a changed count has to last before it is written, in ms. */
export const PROGRESS_MS = 10_000;
/**
 * How long a policy stays ready, in ms, while its nodes are changed because of another policy: its own VFs are as it
 * wants them. Otherwise a change of the whole fleet would write the status of every policy twice.
 */
export const CHANGED_FOR_OTHERS_MS = 60_000;

/**
 * Holds progress back: counts that rise node by node, and policies that are not ready for a moment because another
 * one changes their nodes. What people wait for (Ready, Degraded, a new generation) is not held back.
 */
export class ProgressThrottle {
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** Since when there is progress to be written, by key. */
  readonly #since = new Map<string, number>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** How long to hold the progress of the key back, in ms, when it has to last for `lastingMs`; 0 when it is due. */
  delayMs(key: string, lastingMs: number): number {
    const since = this.#since.get(key) ?? this.#clock.elapsed();
    this.#since.set(key, since);
    return Math.max(0, since + lastingMs - this.#clock.elapsed());
  }

  /** The status of the key is up to date. */
  forget(key: string): void {
    this.#since.delete(key);
  }
}

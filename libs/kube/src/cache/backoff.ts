/** Bounds of the delays. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Delays with decorrelated jitter: each is drawn between the base and three times the one before, so that many
 * clients that failed together do not come back together.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #previous: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#previous = options.baseMs;
  }

  /** The next delay in milliseconds. */
  next(): number {
    const { baseMs, maxMs, random } = this.#options;
    this.#previous = Math.min(maxMs, baseMs + random() * (this.#previous * 3 - baseMs));
    return this.#previous;
  }

  /** Begins again, after a success. */
  reset(): void {
    this.#previous = this.#options.baseMs;
  }
}

/** Times that an operand is put back within {@link WINDOW_MS}. */
const MOST = 5;
const WINDOW_MS = 60_000;

/**
 * Limits how often an operand is put back. Where another controller writes the same fields, such as an operator that was
 * not removed, the two would otherwise write as fast as the API server lets them.
 */
export class RestoreLimit {
  readonly #elapsed: () => number;
  readonly #times = new Map<string, number[]>();

  /** @param elapsed - The monotonic clock, in ms. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** Milliseconds until the operand may be put back; when that is 0, this time counts. */
  take(operand: string): number {
    const now = this.#elapsed();
    const times = (this.#times.get(operand) ?? []).filter((time) => now - time < WINDOW_MS);
    const [first] = times;
    if (first !== undefined && times.length >= MOST) return first + WINDOW_MS - now;
    this.#times.set(operand, [...times, now]);
    return 0;
  }
}

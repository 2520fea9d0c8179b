/** First wait, in milliseconds; also the constant one. */
const FIRST_MS = 30_000;
const LONGEST_MS = 5 * 60_000;

/** How long to wait before looking again at what is not as it should be. */
export class RetryDelays {
  #failures = 0;
  #generation: number | undefined;

  /**
   * The wait after a pass, in milliseconds: always the same where nothing was tried, growing where what was tried
   * failed again, and short again when another spec is tried.
   */
  after(pass: { readonly generation: number | undefined; readonly hasFailed: boolean }): number {
    if (!pass.hasFailed || pass.generation !== this.#generation) this.#failures = 0;
    this.#generation = pass.generation;
    if (!pass.hasFailed) return FIRST_MS;
    this.#failures += 1;
    return Math.min(FIRST_MS * 2 ** (this.#failures - 1), LONGEST_MS);
  }
}

/** Versions that are remembered: at a write each 500 ms, those of more than eight minutes. */
const KEPT = 1_000;

/**
 * Versions of one object that only our own writes lie between. Who planned his part of the object from an earlier one of
 * them may write it to the newest: each of the writes was made to the version before it, so nobody else has changed
 * anything.
 */
export class OwnVersions {
  readonly #earlier = new Set<string | undefined>();
  #newest: string | undefined;

  /** We have changed the object from one version to the next; `undefined` is before it was made. */
  note(from: string | undefined, to: string): void {
    if (from !== this.#newest) this.#earlier.clear();
    this.#earlier.add(from);
    this.#newest = to;
    const [oldest] = this.#earlier;
    if (this.#earlier.size > KEPT) this.#earlier.delete(oldest);
  }

  /** The version that a plan which was made from `version` holds for. */
  newestFrom(version: string | undefined): string | undefined {
    return this.#earlier.has(version) ? this.#newest : version;
  }
}

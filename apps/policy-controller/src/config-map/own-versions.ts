/** Number of versions that are remembered: with a write every 500 ms, those of more than eight minutes. */
const KEPT = 1_000;

/**
 * Versions of one object with only our own writes between them. A change that was planned from an earlier one of them
 * may be written to the newest: each write required the version before it, so nobody else has changed anything.
 */
export class OwnVersions {
  readonly #earlier = new Set<string | undefined>();
  #newest: string | undefined;

  /** We have changed the object from one version to the next; `undefined` stands for an object that did not exist. */
  note(from: string | undefined, to: string): void {
    if (from !== this.#newest) this.#earlier.clear();
    this.#earlier.add(from);
    this.#newest = to;
    const [oldest] = this.#earlier;
    if (this.#earlier.size > KEPT) this.#earlier.delete(oldest);
  }

  /** The version to which a plan that was made from `version` still applies. */
  newestFrom(version: string | undefined): string | undefined {
    return this.#earlier.has(version) ? this.#newest : version;
  }
}

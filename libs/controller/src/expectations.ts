import { isOlder } from './resource-version.ts';
import { type Timers } from './timers.ts';

/** A version that has not come after this time is given up: the object may have been replaced meanwhile. */
const PATIENCE_MS = 60_000;

/**
 * Remembers what we wrote until the caches show it. A plan that is made earlier would start from outdated objects, and
 * write the same again.
 */
export class Expectations {
  readonly #clock: Pick<Timers, 'elapsed'>;
  readonly #byNode = new Map<string, { readonly versions: Map<string, string>; at: number }>();

  constructor(clock: Pick<Timers, 'elapsed'>) {
    this.#clock = clock;
  }

  /** An object was written for the node, and has this resource version since. */
  expect(node: string, object: string, resourceVersion: string): void {
    const entry = this.#byNode.get(node) ?? { versions: new Map<string, string>(), at: 0 };
    entry.versions.set(object, resourceVersion);
    entry.at = this.#clock.elapsed();
    this.#byNode.set(node, entry);
  }

  /**
   * True while a cache is behind what we wrote. `cached` gives the resource version of an object as cached. An object
   * that is not in the cache, because it is not seen yet or is gone, counts as behind for a while.
   */
  isUnmet(node: string, cached: (object: string) => string | undefined): boolean {
    const entry = this.#byNode.get(node);
    if (entry === undefined) return false;
    for (const [object, version] of entry.versions) {
      if (isOlder(cached(object), version)) return this.#clock.elapsed() - entry.at < PATIENCE_MS || this.#forget(node);
    }
    return this.#forget(node);
  }

  #forget(node: string): false {
    this.#byNode.delete(node);
    return false;
  }
}

import pLimit from 'p-limit';

/**
 * Bodies up to this size are read as they come. A policy has some 2 kB; the largest object that the CRDs allow has some
 * 300 kB.
 */
const LARGE_BYTES = 262_144;
/** Most bytes of large bodies that are held at the same time. This bounds the memory that they take. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Keeps large bodies from delaying small ones. Their bytes have a bound, and each turn of the event loop reads one of
 * them, so requests that arrive meanwhile are served in between.
 */
export class BodyQueue {
  #bytes = 0;
  readonly #limit = pLimit(1);

  /**
   * Admits a body of so many bytes. Returns a function to call when the body is no longer needed, or nothing when there
   * is no room.
   */
  enter(bytes: number): (() => void) | undefined {
    if (bytes <= LARGE_BYTES) return () => undefined;
    if (this.#bytes > 0 && this.#bytes + bytes > MOST_BYTES) return undefined;
    this.#bytes += bytes;
    return () => void (this.#bytes -= bytes);
  }

  /** Resolves when a body of so many bytes may be read. */
  async turn(bytes: number): Promise<void> {
    if (bytes <= LARGE_BYTES) return;
    await this.#limit(() => new Promise<void>((resolve) => setImmediate(resolve)));
  }
}

/** Reviews up to here are read as they come: a policy is some 2 kB, and the largest that the CRDs let in some 300. */
const LARGE_BYTES = 262_144;
/** Bytes of large bodies that are held at a time: what memory they can take. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Keeps large bodies from holding up small ones: their bytes have a bound, and they are read one in a turn of the event
 * loop, so that whoever came meanwhile is served between two of them.
 */
export class BodyQueue {
  #bytes = 0;
  #last: Promise<void> = Promise.resolve();

  /** Lets in a body of so many bytes; the answer is called when it is done with. Nothing when there is no room. */
  enter(bytes: number): (() => void) | undefined {
    if (bytes <= LARGE_BYTES) return () => undefined;
    if (this.#bytes > 0 && this.#bytes + bytes > MOST_BYTES) return undefined;
    this.#bytes += bytes;
    return () => void (this.#bytes -= bytes);
  }

  /** Resolves when a body of so many bytes may be read. */
  async turn(bytes: number): Promise<void> {
    if (bytes <= LARGE_BYTES) return;
    this.#last = this.#last.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    await this.#last;
  }
}

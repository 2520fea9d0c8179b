/** Lets one at a time go on, in the order in which they came. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();

  /** Runs `work` when all that came before are done, whether they failed or not. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}

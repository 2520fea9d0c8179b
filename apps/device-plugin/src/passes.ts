/** Runs passes one after the other, and no more of them than are asked for. */
export class Passes {
  readonly #run: () => Promise<void>;
  #next: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  constructor(run: () => Promise<void>) {
    this.#run = run;
  }

  /** Resolves at the end of a pass that began after this call. @throws what the pass throws; that it is too late */
  request(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      if (this.#isEnded) throw new Error('the device plugin is stopping');
      const pass = this.#run();
      this.#last = pass.catch(() => undefined);
      return pass;
    });
    return this.#next;
  }

  /** Begins no further pass. Resolves when none runs. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#last;
  }
}

/** Calls that wait for their answer, by number; each has a deadline. */
export class PendingCalls {
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #last = 0;

  /** Sends a call with a number of its own, and waits for its answer. Rejects at the deadline. */
  call(what: string, timeoutMs: number, send: (id: number) => void): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(id, `${what}: no answer after ${timeoutMs / 1000} s`), timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (error) => {
          settle();
          reject(new Error(`${what}: ${error.message}`));
        },
      });
      send(id);
    });
  }

  succeed(id: number, value: unknown): void {
    this.#waiting.get(id)?.resolve(value);
  }

  fail(id: number, message: string): void {
    this.#waiting.get(id)?.reject(new Error(message));
  }

  /** Nobody is there any more who could answer. */
  failAll(message: string): void {
    for (const id of [...this.#waiting.keys()]) this.fail(id, message);
  }
}

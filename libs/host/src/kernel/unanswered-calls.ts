import { KernelBlockedError } from './kernel.ts';

/**
 * Calls that were given up waiting for and still run. The same call is not made again: it would wait for the same lock,
 * and take one more thread or process, time after time.
 */
export class UnansweredCalls {
  readonly #errors = new Map<string, KernelBlockedError>();

  /**
   * Makes the call `key`, unless it is one of those.
   * @throws {KernelBlockedError} that of the call that still runs; otherwise whatever `make` throws
   */
  async make<T>(key: string, make: () => Promise<T>): Promise<T> {
    const present = this.#errors.get(key);
    if (present) throw present;
    try {
      return await make();
    } catch (error) {
      if (error instanceof KernelBlockedError) this.#add(key, error);
      throw error;
    }
  }

  #add(key: string, error: KernelBlockedError): void {
    this.#errors.set(key, error);
    void error.released.then(() => {
      if (this.#errors.get(key) === error) this.#errors.delete(key);
    });
  }
}

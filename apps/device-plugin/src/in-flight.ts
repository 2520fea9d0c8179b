/** Devices that the kubelet is being given at this moment. */
export class InFlight {
  readonly #calls = new Map<{ readonly resource: string; readonly ids: readonly string[] }, Promise<unknown>>();

  /** Does the work while the devices count as in flight. */
  async during<T>(resource: string, ids: readonly string[], work: () => Promise<T>): Promise<T> {
    const call = { resource, ids };
    const result = work();
    this.#calls.set(call, result);
    try {
      return await result;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Ids of the devices, of one resource or of all. */
  ids(resource?: string): string[] {
    const calls = [...this.#calls.keys()].filter((call) => resource === undefined || call.resource === resource);
    return [...new Set(calls.flatMap(({ ids }) => ids))];
  }

  /** Resolves when the work that goes on now is done, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#calls.values());
  }
}

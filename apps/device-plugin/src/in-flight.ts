/** Devices that the kubelet is being given at this moment. */
export class InFlight {
  readonly #calls = new Set<{ readonly resource: string; readonly ids: readonly string[] }>();

  /** Does the work while the devices count as in flight. */
  async during<T>(resource: string, ids: readonly string[], work: () => Promise<T>): Promise<T> {
    const call = { resource, ids };
    this.#calls.add(call);
    try {
      return await work();
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Ids of the devices, of one resource or of all. */
  ids(resource?: string): string[] {
    const calls = [...this.#calls].filter((call) => resource === undefined || call.resource === resource);
    return [...new Set(calls.flatMap(({ ids }) => ids))];
  }
}

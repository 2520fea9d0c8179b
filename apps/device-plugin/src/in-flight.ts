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

  /** The resource of each device, by the id of the device. */
  get devices(): Map<string, string> {
    return new Map([...this.#calls.keys()].flatMap(({ resource, ids }) => ids.map((id) => [id, resource] as const)));
  }

  /** Resolves when no work goes on, what begins meanwhile included, and whether it went well or not. */
  async settled(): Promise<void> {
    while (this.#calls.size > 0) await Promise.allSettled(this.#calls.values());
  }
}

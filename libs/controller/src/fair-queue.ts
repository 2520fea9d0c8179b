/**
 * Waiting keys, taken by round robin over their namespaces, and within a namespace first in, first out. A tenant with a
 * thousand objects in a namespace delays the other namespaces by one key at a time. Keys without a namespace form one
 * group.
 */
export class FairQueue {
  /** Groups by namespace, next one first. None is empty. */
  readonly #groups = new Map<string, Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: string): boolean {
    return this.#groups.get(groupOf(key))?.has(key) === true;
  }

  add(key: string): void {
    if (this.has(key)) return;
    const group = groupOf(key);
    const keys = this.#groups.get(group);
    if (keys) keys.add(key);
    else this.#groups.set(group, new Set([key]));
    this.#size += 1;
  }

  /** Removes and returns the next key; nothing when there is none. */
  take(): string | undefined {
    for (const [group, keys] of this.#groups) {
      for (const key of keys) {
        keys.delete(key);
        this.#groups.delete(group);
        if (keys.size > 0) this.#groups.set(group, keys);
        this.#size -= 1;
        return key;
      }
    }
    return undefined;
  }

  clear(): void {
    this.#groups.clear();
    this.#size = 0;
  }
}

function groupOf(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? '' : key.slice(0, slash);
}

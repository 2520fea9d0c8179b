import { keyOf, type KubeObject } from '@sriov/api';

/** What happened to an object of a store. */
export interface Change<T> {
  readonly type: 'added' | 'updated' | 'deleted' | 'resynced';
  readonly object: T;
  /** The object before an update. */
  readonly previous?: T;
}

/** Handles changes. It must not throw, and must not take long. */
export type Listener<T> = (change: Change<T>) => void;

/** Finds the values under which an object stands in an index. */
export type Indexer<T> = (object: T) => readonly string[];

/** How a store keeps its objects. */
export interface StoreOptions<T extends KubeObject> {
  /** Drops what nobody reads; `managedFields` and the last-applied annotation are always dropped. */
  readonly transform?: (object: T) => T;
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  /** Called when a listener threw. */
  readonly onListenerError?: (error: unknown) => void;
  /** Called for an object for which the transform or an indexer threw. The store leaves such an object out. */
  readonly onUnreadable?: (key: string, error: unknown) => void;
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The objects of one kind in their last known state, by `namespace/name`. */
export class Store<T extends KubeObject> {
  readonly #options: StoreOptions<T>;
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Map<string, Set<string>>>();
  readonly #listeners = new Set<Listener<T>>();
  #revision = 0;

  constructor(options: StoreOptions<T> = {}) {
    this.#options = options;
    for (const name of Object.keys(options.indexers ?? {})) this.#indexes.set(name, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Rises with each change of an object, before a listener hears of it: what was computed from an equal one holds. */
  get revision(): number {
    return this.#revision;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** The objects for which the indexer gave `value`. */
  byIndex(name: string, value: string): T[] {
    const keys = this.#indexes.get(name)?.get(value) ?? [];
    return [...keys].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** Calls the listener for each present object, as added, and then for each change. Returns how to unsubscribe. */
  subscribe(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#objects.values()) this.#tell(listener, { type: 'added', object });
    return () => this.#listeners.delete(listener);
  }

  /** Takes in an object that was added or changed; the same resource version again is no change. */
  upsert(raw: T): void {
    const key = keyOf(raw);
    const previous = this.#objects.get(key);
    if (previous && previous.metadata.resourceVersion === raw.metadata.resourceVersion) return;
    const object = this.#read(key, raw);
    if (object === undefined) {
      this.remove(key);
      return;
    }
    if (previous) this.#unindex(key, previous);
    this.#objects.set(key, object);
    this.#revision += 1;
    this.#index(key, object);
    this.#notify(previous ? { type: 'updated', object, previous } : { type: 'added', object });
  }

  /** The object as it is kept, or nothing when it is unreadable: one malformed object must not stop all the others. */
  #read(key: string, raw: T): T | undefined {
    try {
      const object = this.#transform(raw);
      this.#eachIndexValue(object, () => undefined);
      return object;
    } catch (error) {
      this.#options.onUnreadable?.(key, error);
      return undefined;
    }
  }

  remove(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#revision += 1;
    this.#unindex(key, object);
    this.#notify({ type: 'deleted', object });
  }

  /** Removes every object whose key is not in `keys`: a new list no longer has it. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of [...this.#objects.keys()]) if (!keys.has(key)) this.remove(key);
  }

  /** Calls the listeners for every object again: they act on levels, not on edges. */
  resync(): void {
    for (const object of this.#objects.values()) this.#notify({ type: 'resynced', object });
  }

  #transform(raw: T): T {
    const { managedFields: _, annotations, ...metadata } = raw.metadata as T['metadata'] & { managedFields?: unknown };
    const kept = Object.entries(annotations ?? {}).filter(([name]) => name !== LAST_APPLIED);
    const object = {
      ...raw,
      metadata: { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) },
    };
    return this.#options.transform ? this.#options.transform(object) : object;
  }

  #index(key: string, object: T): void {
    this.#eachIndexValue(object, (index, value) => {
      const keys = index.get(value);
      if (keys) keys.add(key);
      else index.set(value, new Set([key]));
    });
  }

  #unindex(key: string, object: T): void {
    this.#eachIndexValue(object, (index, value) => {
      const keys = index.get(value);
      keys?.delete(key);
      if (keys?.size === 0) index.delete(value);
    });
  }

  #eachIndexValue(object: T, visit: (index: Map<string, Set<string>>, value: string) => void): void {
    for (const [name, indexer] of Object.entries(this.#options.indexers ?? {})) {
      const index = this.#indexes.get(name);
      if (index) for (const value of indexer(object)) visit(index, value);
    }
  }

  #notify(change: Change<T>): void {
    for (const listener of this.#listeners) this.#tell(listener, change);
  }

  #tell(listener: Listener<T>, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      // One listener's fault must not stop the watch that feeds all the others.
      this.#options.onListenerError?.(error);
    }
  }
}

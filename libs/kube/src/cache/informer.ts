import { type KubeObject, type Resource } from '@sriov/api';
import { type Clock, type Health, type Logger } from '@sriov/runtime';
import { type KubeClient } from '../client/client.ts';
import { type ListWatch, Reflector, type ReflectorMetrics } from './reflector.ts';
import { type Selection } from '../client/resource-path.ts';
import { Store, type StoreOptions } from './store.ts';

/** What all informers of a process share. */
export interface InformerContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics?: ReflectorMetrics;
}

/** Which objects an informer keeps, and how. */
export interface InformerOptions<T extends KubeObject> extends StoreOptions<T>, Selection {
  readonly metadataOnly?: boolean;
  /** Objects per page of a list, 500 unless given. A page is parsed in one go: use fewer for objects above 5 kB. */
  readonly pageSize?: number;
  /** How often the listeners are called for every object again, give or take a tenth. Never, unless given. */
  readonly resyncMs?: number;
}

/** A store and the reflector that keeps it equal to the API server's objects. */
export class Informer<T extends KubeObject> {
  readonly store: Store<T>;
  readonly #reflector: Reflector<T>;
  readonly #clock: Clock;
  readonly #resyncMs: number | undefined;

  constructor(context: InformerContext, resource: Resource<T>, options: InformerOptions<T> = {}) {
    const { client, clock, log, health, metrics } = context;
    this.#clock = clock;
    this.#resyncMs = options.resyncMs;
    this.store = new Store({
      ...options,
      onUnreadable: (key, error) =>
        log.error({ kind: resource.kind, key, err: error }, 'left out an unreadable object'),
      onListenerError: (error) => log.error({ kind: resource.kind, err: error }, 'a listener failed'),
    });
    this.#reflector = new Reflector({
      kind: resource.kind,
      source: createListWatch(client, resource, options),
      store: this.store,
      clock,
      random: Math.random,
      log,
      ...(metrics && { metrics }),
      ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
    });
    health.addReadiness(resource.kind, () => {
      const { isSynced, problem } = this.#reflector;
      return isSynced || (problem === undefined ? 'is not listed yet' : `is not listed yet: ${problem}`);
    });
  }

  /** Resolves when the first list is complete. */
  get synced(): Promise<void> {
    return this.#reflector.synced;
  }

  get isSynced(): boolean {
    return this.#reflector.isSynced;
  }

  /** Why the objects cannot be followed at the moment. */
  get problem(): string | undefined {
    return this.#reflector.problem;
  }

  /** Follows until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#reflector.run(signal), this.#resync(signal)]);
  }

  async #resync(signal: AbortSignal): Promise<void> {
    if (this.#resyncMs === undefined) return;
    for (;;) {
      await this.#clock.sleep(this.#resyncMs * (0.9 + 0.2 * Math.random()), signal);
      if (signal.aborted) return;
      this.store.resync();
    }
  }
}

/** Lists and watches a selection of a kind through a client. */
export function createListWatch<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: Selection & { readonly metadataOnly?: boolean },
): ListWatch<T> {
  const selection = {
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
    ...(options.fieldSelector !== undefined && { fieldSelector: options.fieldSelector }),
    ...(options.metadataOnly === true && { metadataOnly: true }),
  };
  return {
    page: (request) => client.page(resource, { ...selection, ...request }),
    watch: (request) => client.watch(resource, { ...selection, ...request }),
  };
}

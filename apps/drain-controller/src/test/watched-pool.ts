import { ANNOTATION, type KubeObject, type Resource, SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { connect, createListWatch, KubeClient, loadKubeConfig, type Node, NODE, Reflector, Store } from '@sriov/kube';
import { createLogger, systemClock } from '@sriov/runtime';
import { testControlPlane } from '@sriov/testing';

/** Looks at each version of the nodes of a pool, so that nothing that was so for a moment only is missed. */
export class WatchedPool {
  /** Most nodes that had a slot at the same time. */
  mostSlots = 0;
  readonly states = new Store<KubeObject>();
  readonly nodes = new Store<Node>();
  readonly #stop = new AbortController();
  readonly #close: () => void;

  private constructor(client: KubeClient, close: () => void) {
    this.#client = client;
    this.#close = close;
  }

  readonly #client: KubeClient;

  /** `label`: that the nodes of the pool have, and no others. */
  static async follow(namespace: string, label: string): Promise<WatchedPool> {
    const connection = connect(loadKubeConfig(testControlPlane().kubeconfigPath), systemClock);
    const client = new KubeClient({ connection, clock: systemClock, fieldManager: 'spec' });
    const pool = new WatchedPool(client, () => connection.close());
    pool.states.subscribe(() => {
      const busy = pool.states.list().filter((state) => progressOf(state) !== 'Idle').length;
      pool.mostSlots = Math.max(pool.mostSlots, busy);
    });
    await Promise.all([
      pool.#run(pool.states, SRIOV_NETWORK_NODE_STATE, { namespace }),
      pool.#run(pool.nodes, NODE, { labelSelector: label }),
    ]);
    return pool;
  }

  /** What a node is like now: its drain, whether it is unschedulable, and whether we have noted that we made it so. */
  look(node: string, namespace: string): { progress: string; isCordoned: boolean; isNoted: boolean } {
    const state = this.states.get(`${namespace}/${node}`);
    const { metadata, spec } = this.nodes.get(node) ?? { metadata: { name: node } };
    return {
      progress: state === undefined ? 'unknown' : progressOf(state),
      isCordoned: spec?.unschedulable === true,
      isNoted: metadata.annotations?.[ANNOTATION.cordoned] !== undefined,
    };
  }

  stop(): void {
    this.#stop.abort();
    this.#close();
  }

  async #run<T extends KubeObject>(
    store: Store<T>,
    resource: Resource<T>,
    selection: { readonly namespace?: string; readonly labelSelector?: string },
  ): Promise<void> {
    const source = createListWatch(this.#client, resource, selection);
    const log = createLogger({ service: 'spec', level: 'silent' });
    const { kind } = resource;
    const reflector = new Reflector({ kind, source, store, clock: systemClock, random: Math.random, log });
    void reflector.run(this.#stop.signal);
    await reflector.synced;
  }
}

function progressOf({ metadata }: KubeObject): string {
  return metadata.annotations?.[ANNOTATION.currentState] ?? 'Idle';
}

import { omitUndefined } from '@sriov/api';
import {
  ApiError,
  type Container,
  createListWatch,
  type KubeClient,
  type Pod,
  POD,
  Reflector,
  Store,
} from '@sriov/kube';
import { type Clock, type Logger } from '@sriov/runtime';

/** What following pods takes. */
export interface PodsPorts {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Is called with the name of a node when one of its pods has changed. */
  readonly onChange: (node: string) => void;
}

/** The pods of a node, and what is known of them as long as the node is followed. */
export interface PodsOfNode {
  readonly pods: readonly Pod[];
  /** DRA drivers that have allocated devices to a pod, by the uid of the pod. */
  readonly claimDrivers: Map<string, readonly string[]>;
  /** Uids of the pods that have, or had, to leave. */
  readonly leaving: Set<string>;
  /** A watch tells of their changes; without one, somebody has to look again. */
  readonly isWatched: boolean;
}

/** The pods of one node, as a watch or the last list shows them. */
interface Followed extends Pick<PodsOfNode, 'claimDrivers' | 'leaving'> {
  readonly watched?: { readonly store: Store<Pod>; readonly synced: Promise<void>; readonly stop: AbortController };
}

/** Most watches; each is a connection. Further nodes of a pool that drains so many at once are listed from time to time. */
const MAX_WATCHES = 100;

/** A watch that has not shown the pods after this time hangs, or is refused: who waits for it says so. */
const PATIENCE_MS = 10_000;

/** The pods of a node cannot be listed. Its message says why, as far as that is known. */
export class PodsUnreadError extends Error {
  override readonly name = 'PodsUnreadError';
  readonly code = 'PODS_UNREAD';
}

/** Follows the pods of the nodes that are being drained, and of no others: a fleet has too many to keep all. */
export class PodsOfNodes {
  readonly #ports: PodsPorts;
  readonly #followed = new Map<string, Followed>();
  readonly #maxWatches: number;
  #watches = 0;

  constructor(ports: PodsPorts, maxWatches = MAX_WATCHES) {
    this.#ports = ports;
    this.#maxWatches = maxWatches;
  }

  /**
   * The pods of the node. The first call takes a list, and follows the node until it is forgotten.
   * @throws {PodsUnreadError} when they cannot be listed
   */
  async of(node: string): Promise<PodsOfNode> {
    const { watched, claimDrivers, leaving } = this.#followed.get(node) ?? this.#follow(node);
    if (watched === undefined) return { pods: await this.#list(node), claimDrivers, leaving, isWatched: false };
    if (!(await this.#isSynced(watched.synced))) {
      throw new PodsUnreadError(`the API server has not listed them within ${PATIENCE_MS / 1_000} s`);
    }
    return { pods: watched.store.list(), claimDrivers, leaving, isWatched: true };
  }

  /** Ends following the node. */
  forget(node: string): void {
    const followed = this.#followed.get(node);
    if (followed?.watched !== undefined) this.#watches -= 1;
    followed?.watched?.stop.abort();
    this.#followed.delete(node);
  }

  /** Ends following all nodes. */
  forgetAll(): void {
    for (const node of [...this.#followed.keys()]) this.forget(node);
  }

  async #isSynced(synced: Promise<void>): Promise<boolean> {
    const stop = new AbortController();
    const isLate = this.#ports.clock.sleep(PATIENCE_MS, stop.signal).then(() => false);
    try {
      return await Promise.race([synced.then(() => true), isLate]);
    } finally {
      stop.abort();
    }
  }

  async #list(node: string): Promise<Pod[]> {
    try {
      const pods = await this.#ports.client.list(POD, { fieldSelector: `spec.nodeName=${node}` });
      return pods.map(trimPod);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new PodsUnreadError(error.message, { cause: error });
    }
  }

  #follow(node: string): Followed {
    const isWatched = this.#watches < this.#maxWatches;
    const followed = {
      claimDrivers: new Map(),
      leaving: new Set<string>(),
      ...(isWatched && { watched: this.#watch(node) }),
    };
    this.#followed.set(node, followed);
    return followed;
  }

  #watch(node: string): NonNullable<Followed['watched']> {
    const { client, clock, log, onChange } = this.#ports;
    this.#watches += 1;
    const store = new Store<Pod>({ transform: trimPod });
    const source = createListWatch(client, POD, { fieldSelector: `spec.nodeName=${node}` });
    const reflector = new Reflector({ kind: 'Pod', source, store, clock, random: Math.random, log });
    const stop = new AbortController();
    void reflector.run(stop.signal);
    const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
    const synced = Promise.race([reflector.synced, stopped]);
    void synced.then(() => store.subscribe(({ type }) => (type === 'added' ? undefined : onChange(node))));
    return { store, synced, stop };
  }
}

/** What decides whether a pod has to leave. */
function trimPod({ metadata, spec = {}, status }: Pod): Pod {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, ownerReferences, annotations, labels } = metadata;
  const mirror = annotations?.[MIRROR];
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  return {
    metadata: omitUndefined({
      name,
      namespace,
      uid,
      resourceVersion,
      deletionTimestamp,
      ownerReferences,
      labels,
      annotations: mirror === undefined ? undefined : { [MIRROR]: mirror },
    }),
    spec: {
      containers: [...containers, ...initContainers, ...ephemeralContainers].map(trimContainer),
      ...omitUndefined({ resourceClaims: spec.resourceClaims }),
    },
    ...omitUndefined({ status: status && pickStatus(status) }),
  };
}

function pickStatus({ phase, resourceClaimStatuses }: NonNullable<Pod['status']>): NonNullable<Pod['status']> {
  return { ...omitUndefined({ phase, resourceClaimStatuses }) };
}

/** Of an extended resource, the limit alone is a request as well. */
function trimContainer({ resources = {} }: Container): Container {
  return { resources: { requests: { ...resources.limits, ...resources.requests } } };
}

/** Annotation of a pod that the kubelet runs from a file. */
export const MIRROR = 'kubernetes.io/config.mirror';

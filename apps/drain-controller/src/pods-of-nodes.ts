import { omitUndefined } from '@sriov/api';
import { type Container, createListWatch, type KubeClient, type Pod, POD, Reflector, Store } from '@sriov/kube';
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
}

/** The pods of one node, as a watch shows them. */
interface Followed extends Omit<PodsOfNode, 'pods'> {
  readonly store: Store<Pod>;
  readonly synced: Promise<void>;
  readonly stop: AbortController;
}

/** Follows the pods of the nodes that are being drained, and of no others: a fleet has too many to keep all. */
export class PodsOfNodes {
  readonly #ports: PodsPorts;
  readonly #followed = new Map<string, Followed>();

  constructor(ports: PodsPorts) {
    this.#ports = ports;
  }

  /** The pods of the node. The first call takes a list, and follows the node until it is forgotten. */
  async of(node: string): Promise<PodsOfNode> {
    const { store, synced, claimDrivers, leaving } = this.#followed.get(node) ?? this.#follow(node);
    await synced;
    return { pods: store.list(), claimDrivers, leaving };
  }

  /** Ends following the node. */
  forget(node: string): void {
    this.#followed.get(node)?.stop.abort();
    this.#followed.delete(node);
  }

  /** Ends following all nodes. */
  forgetAll(): void {
    for (const node of [...this.#followed.keys()]) this.forget(node);
  }

  #follow(node: string): Followed {
    const { client, clock, log, onChange } = this.#ports;
    const store = new Store<Pod>({ transform: trimPod });
    const source = createListWatch(client, POD, { fieldSelector: `spec.nodeName=${node}` });
    const reflector = new Reflector({ kind: 'Pod', source, store, clock, random: Math.random, log });
    const stop = new AbortController();
    void reflector.run(stop.signal);
    const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
    const synced = Promise.race([reflector.synced, stopped]);
    void synced.then(() => store.subscribe(({ type }) => (type === 'added' ? undefined : onChange(node))));
    const followed = { store, synced, stop, claimDrivers: new Map(), leaving: new Set<string>() };
    this.#followed.set(node, followed);
    return followed;
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

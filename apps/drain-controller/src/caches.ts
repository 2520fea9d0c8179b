import {
  ANNOTATION,
  CONDITION,
  omitUndefined,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
} from '@sriov/api';
import { type AnyInformer, Informer, type InformerContext, NODE, type Node } from '@sriov/kube';

/** What the drain controller reads. It is in memory, and watches keep it up to date. */
export interface Caches {
  readonly nodes: Informer<Node>;
  /** Without spec; of the status, the one condition that is ours. */
  readonly nodeStates: Informer<SriovNetworkNodeState>;
  readonly pools: Informer<SriovNetworkPoolConfig>;
}

/** Node states per page of a list: each has some 30 kB. */
const NODE_STATE_PAGE = 50;

/** Makes the caches; they fill once they run. */
export function createCaches(context: InformerContext, namespace: string): Caches {
  return {
    nodes: new Informer(context, NODE, { transform: trimNode }),
    nodeStates: new Informer(context, SRIOV_NETWORK_NODE_STATE, {
      namespace,
      transform: trimNodeState,
      pageSize: NODE_STATE_PAGE,
    }),
    pools: new Informer(context, SRIOV_NETWORK_POOL_CONFIG, { namespace }),
  };
}

/** All informers, to run them and to wait for them. */
export function allInformers({ nodes, nodeStates, pools }: Caches): AnyInformer[] {
  return [nodes, nodeStates, pools];
}

function trimNode({ metadata, spec, status }: Node): Node {
  const { name, uid, resourceVersion, labels, deletionTimestamp } = metadata;
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === 'Ready');
  return {
    metadata: omitUndefined({
      name,
      uid,
      resourceVersion,
      labels,
      deletionTimestamp,
      annotations: pick(metadata.annotations, [ANNOTATION.nodeState, ANNOTATION.cordoned, ANNOTATION.allowReboot]),
    }),
    spec: { unschedulable: spec?.unschedulable === true },
    status: { conditions: conditions.map(trimCondition) },
  };
}

type NodeCondition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

/** Without the time of the last heartbeat, which says nothing new. */
function trimCondition({ type, status, lastTransitionTime }: NodeCondition): NodeCondition {
  return { type, status, ...omitUndefined({ lastTransitionTime }) };
}

const STATE_ANNOTATIONS = [
  ANNOTATION.desiredState,
  ANNOTATION.currentState,
  ANNOTATION.drainGrant,
  ANNOTATION.drainAskedAt,
  ANNOTATION.drainReleasedAt,
  ANNOTATION.useExternalDrainer,
];

function trimNodeState({ metadata, status }: SriovNetworkNodeState): SriovNetworkNodeState {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp } = metadata;
  const ours = (status?.conditions ?? []).filter(({ type }) => type === CONDITION.drained);
  return {
    metadata: omitUndefined({
      name,
      namespace,
      uid,
      resourceVersion,
      generation,
      deletionTimestamp,
      annotations: pick(metadata.annotations, STATE_ANNOTATIONS),
    }),
    ...(ours.length > 0 && { status: { conditions: ours } }),
  };
}

function pick(
  annotations: Readonly<Record<string, string>> | undefined,
  keys: readonly string[],
): Record<string, string> | undefined {
  const kept = keys.flatMap((key) => {
    const value = annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

import {
  ANNOTATION,
  type Condition,
  CONDITION,
  DEFAULT_OPERATOR_CONFIG_NAME,
  omitUndefined,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_OPERATOR_CONFIG,
  type SriovNetworkNodeState,
  type SriovNetworkPoolConfig,
  type SriovOperatorConfig,
  STARTUP_TAINT,
} from '@sriov/api';
import { type AnyInformer, Informer, type InformerContext, NODE, type Node, type Taint } from '@sriov/kube';
import { NODE_CONFIG } from './openshift/kinds.ts';

/** What the drain controller reads. It is in memory, and watches keep it up to date. */
export interface Caches {
  readonly nodes: Informer<Node>;
  /** Without spec; of the status, the condition that is ours and those that say whether the node is configured. */
  readonly nodeStates: Informer<SriovNetworkNodeState>;
  readonly pools: Informer<SriovNetworkPoolConfig>;
  /** The SriovOperatorConfig `default`, without all but `disableDrain`. */
  readonly configs: Informer<SriovOperatorConfig>;
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
    configs: new Informer(context, SRIOV_OPERATOR_CONFIG, {
      namespace,
      fieldSelector: `metadata.name=${DEFAULT_OPERATOR_CONFIG_NAME}`,
      transform: trimConfig,
    }),
  };
}

/** All informers, to run them and to wait for them. */
export function allInformers({ nodes, nodeStates, pools, configs }: Caches): AnyInformer[] {
  return [nodes, nodeStates, pools, configs];
}

/** Whether the SriovOperatorConfig wants nodes to keep their pods. */
export function isDrainDisabled({ configs }: Pick<Caches, 'configs'>, namespace: string): boolean {
  return configs.store.get(`${namespace}/${DEFAULT_OPERATOR_CONFIG_NAME}`)?.spec?.disableDrain === true;
}

function trimConfig({ metadata, spec }: SriovOperatorConfig): SriovOperatorConfig {
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    metadata: omitUndefined({ name, namespace, uid, resourceVersion }),
    spec: omitUndefined({ disableDrain: spec?.disableDrain }),
  };
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
      annotations: pick(metadata.annotations, NODE_ANNOTATIONS),
    }),
    spec: { unschedulable: spec?.unschedulable === true, ...(isTainted(spec) && { taints: spec.taints }) },
    status: { conditions: conditions.map(trimCondition) },
  };
}

const NODE_ANNOTATIONS = [
  ANNOTATION.nodeState,
  ANNOTATION.cordoned,
  ANNOTATION.allowReboot,
  NODE_CONFIG.desired,
  NODE_CONFIG.current,
];

/** Of other nodes nobody asks for the taints. */
function isTainted(spec: Node['spec']): spec is { taints: Taint[] } {
  return spec?.taints?.some(({ key }) => key === STARTUP_TAINT) ?? false;
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
  ANNOTATION.plannedFrom,
];

/** Ours, and those that say whether a node is configured, without what they say to people. */
function trimConditions(conditions: readonly Condition[]): Condition[] {
  return conditions.flatMap((condition) => {
    if (condition.type === CONDITION.drained) return [condition];
    return OF_OTHERS.includes(condition.type) ? [{ ...condition, message: '' }] : [];
  });
}

const OF_OTHERS: readonly string[] = [CONDITION.ready, CONDITION.rolledOut];

function trimNodeState({ metadata, status }: SriovNetworkNodeState): SriovNetworkNodeState {
  const { name, namespace, uid, resourceVersion, generation, deletionTimestamp } = metadata;
  const read = trimConditions(status?.conditions ?? []);
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
    ...(read.length > 0 && { status: { conditions: read } }),
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

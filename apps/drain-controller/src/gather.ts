import { ANNOTATION, type SriovNetworkNodeState } from '@sriov/api';
import { type DrainState, readDrainState } from '@sriov/drain-protocol';
import { type Node } from '@sriov/kube';
import {
  DEFAULT_MAX_UNAVAILABLE,
  type DrainPolicy,
  drainTimes,
  hasSlot,
  readCordonRecord,
  readDrainPolicy,
  readLimit,
  readPastTime,
  type RolloutFacts,
  type RolloutNode,
  type UnsureNode,
} from '@sriov/rollout';
import { findPool, preparePools, type PreparedPool } from '@sriov/selection';
import { type Caches, isDrainDisabled } from './caches.ts';
import { type Settings } from './settings.ts';

/** Who is in which pool, and when time alone changes the turns. */
export interface GatheredTurns extends RolloutFacts {
  /** In ms since the epoch; `Infinity` where it does not. */
  readonly changesAt: number;
}

/** What is not in the caches. */
interface Moment {
  /** In ms since the epoch. */
  readonly now: number;
  /** Nodes that have a slot which the cache does not show. */
  readonly unseen: ReadonlySet<string>;
  /** Nodes whose slot could not be written lately, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

/** Reads from the caches who is in which pool and what each asks for. */
export function gather(caches: Caches, { namespace, countOthers }: Settings, moment: Moment): GatheredTurns {
  const { now } = moment;
  const { prepared, unreadable } = preparePools(caches.pools.store.list());
  const members = new Map<PreparedPool | undefined, RolloutNode[]>([[undefined, []]]);
  const unsure: UnsureNode[] = [];
  const moments: number[] = [];
  for (const object of caches.nodes.store.list()) {
    const { name, labels = {} } = object.metadata;
    const nodeState = caches.nodeStates.store.get(`${namespace}/${name}`);
    const { pool, problems } = findPool(prepared, { name, labels });
    const drain = readDrainPolicy(pool?.spec.drain);
    const { node: cached, lostAt } = rolloutNode({ node: object, nodeState, drain, now });
    const node = withUncached(cached, moment);
    moments.push(...momentsOf(node, lostAt));
    const because = problems[0]?.message ?? (pool === undefined ? describeUnreadable(unreadable) : undefined);
    const mayBeIn = problems.length > 0 ? problems.map((problem) => problem.name) : [undefined];
    if (because !== undefined) unsure.push({ node, because, mayBeIn });
    else memberListOf(members, pool).push(node);
  }
  const pools = [...members].map(([pool, nodes]) => ({
    name: pool?.name,
    limit: pool === undefined ? DEFAULT_MAX_UNAVAILABLE : readLimit(pool.spec.maxUnavailable, nodes.length),
    onTimeout: readDrainPolicy(pool?.spec.drain).onTimeout,
    nodes,
  }));
  return {
    pools,
    unsure,
    countsOthers: countOthers,
    isDrainDisabled: isDrainDisabled(caches, namespace),
    changesAt: Math.min(...moments),
  };
}

/** The node with what the caches do not show. */
function withUncached(cached: RolloutNode, { unseen, refused }: Moment): RolloutNode {
  const node = unseen.has(cached.name) ? withSlot(cached) : cached;
  const refusedBecause = refused.get(cached.name);
  return refusedBecause === undefined ? node : { ...node, refusedBecause };
}

/** The node as it is since it was granted a drain. */
function withSlot(node: RolloutNode): RolloutNode {
  if (typeof node.state === 'string' || hasSlot(node)) return node;
  return { ...node, isOurGrant: true, state: { ...node.state, progress: 'Draining' } };
}

/** When time alone changes something about the node, in ms since the epoch. */
function momentsOf({ isLost, pausesUntil }: RolloutNode, lostAt: number | undefined): number[] {
  return [
    ...(lostAt !== undefined && !isLost ? [lostAt] : []),
    ...(pausesUntil === undefined ? [] : [Date.parse(pausesUntil)]),
  ];
}

function memberListOf<Pool>(members: Map<Pool, RolloutNode[]>, pool: Pool): RolloutNode[] {
  const present = members.get(pool);
  if (present !== undefined) return present;
  const list: RolloutNode[] = [];
  members.set(pool, list);
  return list;
}

/** A node that no readable pool selects may be in one that cannot be read. */
function describeUnreadable(unreadable: readonly string[]): string | undefined {
  if (unreadable.length === 0) return undefined;
  return `SriovNetworkPoolConfig ${unreadable.join(', ')} cannot be read, and the node may be in it: correct the pool`;
}

/** One node and what bears on its next step; nothing when it is gone. */
export interface GatheredNode {
  readonly node: RolloutNode;
  readonly isAlone: boolean;
  readonly isDrainDisabled: boolean;
  readonly drain: DrainPolicy;
  /** When its drain has taken too long, in ms since the epoch; absent without a limit. */
  readonly overdueAt: number | undefined;
  /** When it counts as lost, in ms since the epoch; absent where it does not. */
  readonly lostAt: number | undefined;
  /** Name of its pool; absent for the default pool, and where it is not known. */
  readonly pool: string | undefined;
  /** The objects as they were seen: a write that is planned from them is void when they have changed. */
  readonly versions: { readonly node: string | undefined; readonly nodeState: string | undefined };
}

/** Reads from the caches what one node asks for. */
export function gatherNode(
  caches: Caches,
  { namespace, now }: { readonly namespace: string; readonly now: number },
  name: string,
): GatheredNode | undefined {
  const object = caches.nodes.store.get(name);
  if (object === undefined) return undefined;
  const nodeState = caches.nodeStates.store.get(`${namespace}/${name}`);
  const { prepared } = preparePools(caches.pools.store.list());
  const { pool } = findPool(prepared, { name, labels: object.metadata.labels ?? {} });
  const drain = readDrainPolicy(pool?.spec.drain);
  return {
    pool: pool?.name,
    ...rolloutNode({ node: object, nodeState, drain, now }),
    drain,
    isAlone: caches.nodes.store.size === 1,
    isDrainDisabled: isDrainDisabled(caches, namespace),
    versions: { node: object.metadata.resourceVersion, nodeState: nodeState?.metadata.resourceVersion },
  };
}

/** What a {@link RolloutNode} is read from. */
interface NodeSources {
  readonly node: Node;
  readonly nodeState: SriovNetworkNodeState | undefined;
  readonly drain: DrainPolicy;
  readonly now: number;
}

/** A node without a node state is none of ours, and has no say; it counts as a member of its pool all the same. */
function rolloutNode({
  node,
  nodeState,
  drain,
  now,
}: NodeSources): Pick<GatheredNode, 'node' | 'overdueAt' | 'lostAt'> {
  const { name, annotations } = node.metadata;
  const ofState = nodeState?.metadata.annotations ?? {};
  const ready = readyOf(node);
  const releasedAt = readPastTime(ofState[ANNOTATION.drainReleasedAt], now);
  const state = nodeState === undefined ? NOTHING_ASKED : readDrainState({ node, nodeState });
  const awaySince = ready.isReady || !hasSlot({ state }) ? undefined : ready.since;
  const times = drainTimes(drain, { grantedAt: ofState[ANNOTATION.drainGrant], releasedAt, awaySince }, now);
  return {
    overdueAt: times.overdueAt,
    lostAt: times.lostAt,
    node: {
      name,
      state,
      isExternal: ofState[ANNOTATION.useExternalDrainer] === 'true',
      isReady: ready.isReady,
      isUnschedulable: node.spec?.unschedulable === true,
      cordon: readCordonRecord(annotations?.[ANNOTATION.cordoned]),
      isOurGrant: ofState[ANNOTATION.drainGrant] !== undefined,
      allowsReboot: annotations?.[ANNOTATION.allowReboot] === 'true',
      askedAt: readPastTime(ofState[ANNOTATION.drainAskedAt], now),
      releasedAt,
      isOverdue: times.isOverdue,
      isLost: times.isLost,
      pausesUntil: times.pausesUntil,
    },
  };
}

/** Whether the kubelet is there and healthy, and since when, which is absent where nobody tells. */
function readyOf({ status }: Node): { readonly isReady: boolean; readonly since: string | undefined } {
  const ready = (status?.conditions ?? []).find(({ type }) => type === 'Ready');
  return { isReady: ready?.status === 'True', since: ready?.lastTransitionTime };
}

const NOTHING_ASKED: DrainState = { request: 'Idle', progress: 'Idle', missing: [] };

import { ANNOTATION, type KubeObject, type SriovNetworkNodeState } from '@sriov/api';
import { readDrainState } from '@sriov/drain-protocol';
import { type Node } from '@sriov/kube';
import { keepsPoolPaused, type MachineConfigPoolFacts } from '@sriov/rollout';
import { type Caches } from '../caches.ts';
import { MACHINE_CONFIG_POOL, type MachineConfigPool, NODE_CONFIG } from './kinds.ts';
import { type PoolCaches } from './machine-config-pools.ts';

/** Where nodes and pools are read from. */
export interface PoolSources {
  readonly caches: Pick<Caches, 'nodes' | 'nodeStates'>;
  readonly namespace: string;
  readonly known: PoolCaches;
  /** A pool of the cache as it is since our own last write. */
  readonly latest: (pool: MachineConfigPool) => MachineConfigPool;
}

/** The pool of a node: its name; that OpenShift does not look after the node; or why that cannot be said. */
type PoolOfNode = { readonly pool: string } | { readonly isForeign: true; readonly message: string } | Unclear;
interface Unclear {
  readonly isForeign: false;
  readonly message: string;
}

/** All pools, each with its nodes. */
export interface GatheredPools {
  readonly pools: readonly MachineConfigPoolFacts[];
  /** A node that keeps a pool paused, and nobody can say which. */
  readonly hasUnclearNode: boolean;
}

/** Reads all pools and their nodes from the caches. */
export function gatherPools(sources: PoolSources): GatheredPools {
  const members = new Map<string, MachineConfigPoolFacts['nodes'][number][]>();
  let hasUnclearNode = false;
  for (const node of sources.caches.nodes.store.list()) {
    const found = poolOfNode(sources, node);
    const member = memberOf(sources, node);
    if ('pool' in found) members.set(found.pool, [...(members.get(found.pool) ?? []), member]);
    else if (!found.isForeign && member.keepsPaused) hasUnclearNode = true;
  }
  const pools = sources.known.pools.store.list().map(sources.latest);
  return { pools: pools.map((pool) => poolFacts(pool, members.get(pool.metadata.name) ?? [])), hasUnclearNode };
}

/** The pool of a node and all nodes of it, or a sentence about what is missing. */
export function gatherPoolOf(sources: PoolSources, name: string): MachineConfigPoolFacts | string {
  const node = sources.caches.nodes.store.get(name);
  const found = node === undefined ? undefined : poolOfNode(sources, node);
  if (found === undefined) return 'the node is gone';
  if (!('pool' in found)) return found.message;
  const pool = gatherPools(sources).pools.find((each) => each.name === found.pool);
  return pool ?? `MachineConfigPool ${found.pool}, which node ${name} belongs to, does not exist: ${CURE}`;
}

const CURE = 'see whether the machine config operator is healthy (oc get clusteroperator machine-config)';

function poolOfNode({ known }: PoolSources, { metadata: { name, annotations } }: Node): PoolOfNode {
  const desired = annotations?.[NODE_CONFIG.desired];
  if (!desired) {
    const message = `node ${name} has no annotation ${NODE_CONFIG.desired}, so that its MachineConfigPool is not known: ${CURE}`;
    return { isForeign: true, message };
  }
  const config = known.configs.store.get(desired);
  const owner = config?.metadata.ownerReferences?.find(({ kind }) => kind === MACHINE_CONFIG_POOL.kind);
  if (owner !== undefined) return { pool: owner.name };
  const what = config === undefined ? 'does not exist' : 'has no MachineConfigPool as its owner';
  const message = `MachineConfig ${desired}, which annotation ${NODE_CONFIG.desired} of node ${name} names, ${what}: ${CURE}`;
  return { isForeign: false, message };
}

function memberOf(sources: PoolSources, node: Node): MachineConfigPoolFacts['nodes'][number] {
  const { name, annotations = {} } = node.metadata;
  const nodeState = sources.caches.nodeStates.store.get(`${sources.namespace}/${name}`);
  return {
    name,
    isUpdating: annotations[NODE_CONFIG.current] !== annotations[NODE_CONFIG.desired],
    keepsPaused: keepsPaused(node, nodeState),
  };
}

/** A node without a node state is none of ours. */
function keepsPaused(node: KubeObject, nodeState: SriovNetworkNodeState | undefined): boolean {
  return nodeState !== undefined && keepsPoolPaused({ state: readDrainState({ node, nodeState }) });
}

function poolFacts(
  { metadata: { name, annotations }, spec, status }: MachineConfigPool,
  nodes: MachineConfigPoolFacts['nodes'],
): MachineConfigPoolFacts {
  return {
    name,
    isPaused: spec?.paused === true,
    mark: annotations?.[ANNOTATION.nodeState],
    wanted: spec?.configuration?.name,
    present: status?.configuration?.name,
    nodes,
  };
}

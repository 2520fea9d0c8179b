import { findPool, type Problem } from '@sriov/selection';
import { type Fleet } from './fleet.ts';
import { type FleetNode } from './fleet-node.ts';

/** What the pools say of a node. */
export interface NodePool {
  /** Absent when the node is in no pool, or in several. */
  readonly name: string | undefined;
  readonly rdmaMode: 'shared' | 'exclusive' | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Finds the pool of the node. A node whose pool is not known for sure keeps its mode: a guess could cost it a reboot.
 */
export function poolOf(fleet: Fleet, node: FleetNode): NodePool {
  const { pool, problems } = findPool(fleet.pools, node);
  const isUnknown = problems.length > 0 || (pool === undefined && fleet.unreadablePools.length > 0);
  const rdmaMode = isUnknown ? node.state?.spec?.system?.rdmaMode : pool?.spec.rdmaMode;
  return { name: pool?.name, rdmaMode, problems };
}

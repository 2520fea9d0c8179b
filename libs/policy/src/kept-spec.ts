import { type NodeStateSpec } from '@sriov/api';
import { type FleetNode } from './fleet-node.ts';

/** The spec of a node that keeps what it has; a node without a state begins with the settings of its system. */
export function keptSpec({ state }: FleetNode, system: NodeStateSpec['system']): NodeStateSpec {
  return state === undefined ? { system } : (state.spec ?? {});
}

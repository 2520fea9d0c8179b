import { nodeStateSpecSchema, toWire } from '@sriov/api';
import { type PreparedPolicy } from '@sriov/selection';
import { type Fleet } from './fleet.ts';
import { type FleetNode } from './fleet-node.ts';
import { hasReported } from './has-reported.ts';
import { keptSpec } from './kept-spec.ts';
import { poolOf } from './node-pool.ts';
import { type NodeStatePlan } from './node-state-plan.ts';
import { planReported } from './plan-reported.ts';

/** Plans one node. Its cost grows with the policies about the node, not with the fleet. */
export function planNodeState(fleet: Fleet, node: FleetNode): NodeStatePlan {
  const policies = fleet.policyIndex.about(node.labels);
  return hasReported(node.state) ? planReported(fleet, node, policies) : planUnreported(fleet, node, policies);
}

/** Nobody knows what a node should be whose daemon has not reported its devices: it keeps what it has. */
function planUnreported(fleet: Fleet, node: FleetNode, policies: readonly PreparedPolicy[]): NodeStatePlan {
  const pool = poolOf(fleet, node);
  return {
    name: node.name,
    spec: toWire(nodeStateSpecSchema, keptSpec(node, { rdmaMode: pool.rdmaMode })),
    plannedFrom: undefined,
    devicePluginConfig: undefined,
    devicePluginLabel: undefined,
    problems: pool.problems,
    matches: new Map(),
    undecided: policies.map(({ name }) => name),
    pool: pool.name,
  };
}

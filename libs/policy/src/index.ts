export { type FleetNode } from './fleet-node.ts';
export { type Fleet, isManaged, prepareFleet } from './fleet.ts';
export { hasReported } from './has-reported.ts';
export {
  type DevicePluginPresent,
  type NodePresent,
  type NodeWrite,
  nodeWrites,
  type StateChanges,
  unmanagedWrites,
} from './node-writes.ts';
export { type NodeStatePlan } from './node-state-plan.ts';
export { planNodeState } from './plan-node-state.ts';
export { missedPfs } from './vanished.ts';

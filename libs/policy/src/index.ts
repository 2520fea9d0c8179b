export { type FleetNode } from './fleet-node.ts';
export { type Fleet, isManaged, prepareFleet } from './fleet.ts';
export { type Canary, type CanaryMember, canaryOf, nextLook } from './holds/canary.ts';
export { hasBegun } from './holds/change-of.ts';
export { decideRollout, type Hold, type RolloutDecision } from './holds/decide-rollout.ts';
export { rolloutOf } from './holds/rollout-of.ts';
export { hasReported } from './has-reported.ts';
export {
  type DevicePluginPresent,
  type NodePresent,
  type NodeWrite,
  nodeWrites,
  presentText,
  type StateChanges,
  unmanagedWrites,
} from './node-writes.ts';
export { type NodeStatePlan } from './node-state-plan.ts';
export { planNodeState } from './plan-node-state.ts';
export { missedPfs } from './vanished.ts';

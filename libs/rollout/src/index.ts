export { type CordonChange, type CordonRecord, formatCordonRecord, readCordonRecord } from './cordon.ts';
export { type DrainPolicy, type DrainTimes, drainTimes, readDrainPolicy, readPastTime } from './drain-policy.ts';
export {
  isPauseOver,
  keepsPoolPaused,
  type MachineConfigPoolFacts,
  needsPause,
  planPause,
  type PoolMark,
} from './machine-config-pool.ts';
export { DEFAULT_MAX_UNAVAILABLE, type Limit, readLimit } from './max-unavailable.ts';
export { nextStep, type RolloutStep } from './next-step.ts';
export { planRollout, type RolloutFacts, type UnsureNode } from './plan-rollout.ts';
export { hasSlot, type RolloutNode } from './rollout-node.ts';
export { type RolloutPool } from './slots.ts';
export { type Evictions, type EvictionRules, type PodOnNode, podsToEvict, type StayingPod } from './pods-to-evict.ts';

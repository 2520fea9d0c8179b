export { configMapCondition, nodesCondition } from './config-map-status.ts';
export {
  type DecidedStatus,
  describeProblems,
  type MatchedNode,
  nodeReadiness,
  type NodesFacts,
} from './node-readiness.ts';
export { type PolicyFacts, policyStatus } from './policy-status.ts';
export { type PoolFacts, poolStatus } from './pool-status.ts';

export {
  applyBridge,
  BRIDGE_FAULT,
  type BridgesByPf,
  bridgesInOrder,
  findBridgeFault,
  keepBridge,
  presentBridges,
} from './bridges.ts';
export { findUnfitness, isCandidate, isNamed } from './candidate.ts';
export { contribute, type Contribution, keepContribution, type Refusal } from './contribution.ts';
export { DEFAULT_NICS } from './default-nics.ts';
export { explainMismatch } from './explain-selector.ts';
export { findRivals, mergeContributions, overlay } from './merge.ts';
export {
  hasName,
  isEmptySelector,
  type NamedPf,
  type ReadSelector,
  readSelector,
  selectedRanges,
  selects,
} from './nic-selector.ts';
export { PolicyIndex } from './policy-index.ts';
export { findPool, findSelectorFault, type PreparedPool, preparePools, selectorMatches } from './pools.ts';
export { isAboutNode, type PreparedPolicy, preparePolicies, type ReadablePolicy } from './prepare.ts';
export { misplaced, policyProblem, type Problem } from './problem.ts';
export { findResourceNameFault } from './resource-name.ts';
export { readSupportedNics, SupportedNics } from './supported-nics.ts';
export { findUntoldNetwork } from './untold-network.ts';

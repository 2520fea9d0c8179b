export { bridgesOf, findBridgeFault } from './bridges.ts';
export { isCandidate } from './candidate.ts';
export { contribute, wantedRanges } from './contribution.ts';
export { DEFAULT_NICS } from './default-nics.ts';
export { explainMismatch } from './explain-selector.ts';
export { matchesLabels, selectorMatches } from './label-selectors.ts';
export { mergeContributions } from './merge.ts';
export {
  hasName,
  isEmptySelector,
  type NamedPf,
  nameOf,
  type ReadSelector,
  readSelector,
  selectedRanges,
  selects,
} from './nic-selector.ts';
export { layersOf, mergeLayers, type PfLayers } from './pf-layers.ts';
export { PolicyIndex } from './policy-index.ts';
export { findPool, findSelectorFault, type PreparedPool, preparePools } from './pools.ts';
export { isAboutNode, type PreparedPolicy, preparePolicies, type ReadablePolicy } from './prepare.ts';
export { misplaced, policyProblem, type Problem } from './problem.ts';
export { findResourceNameFault } from './resource-name.ts';
export { readSupportedNics, SupportedNics } from './supported-nics.ts';
export { findUntoldNetwork } from './untold-network.ts';

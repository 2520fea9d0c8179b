import { ANNOTATION, type ConfigHash, readPlannedFrom, type SriovNetworkNodeState } from '@sriov/api';
import { type NodeStatePlan } from '../node-state-plan.ts';
import { isSameSpec, type NodePresent, presentText } from '../node-writes.ts';

/**
 * What a plan changes on a node that has a state. `host`: its spec, or the configuration of its device plugin. `wish`:
 * only that the spec is said to be planned from further PFs, of which it has no entry; the daemon gives those back.
 * `nothing`: neither, and no pod and no host notices what may still be written.
 */
export type NodeChangeKind = 'nothing' | 'wish' | 'host';

/**
 * What carrying out the plan changes. A node that has no state yet has no VFs of ours that could change: its state may
 * have been deleted, though, and what it is to have from the beginning, its daemon carries out.
 */
export function changeOf(plan: NodeStatePlan, present: NodePresent, hash: ConfigHash): NodeChangeKind {
  const { state } = present;
  if (state === undefined) return isSameSpec({}, plan.spec) ? 'nothing' : 'host';
  if (!isSameSpec(state.spec ?? {}, plan.spec) || changesConfig(plan, present, hash)) return 'host';
  const before = readPlannedFrom(state);
  const entries = new Set((plan.spec.interfaces ?? []).map(({ pciAddress }) => pciAddress));
  const isNewWish = (address: string): boolean => before?.has(address) !== true && !entries.has(address);
  return [...(plan.plannedFrom ?? [])].some(isNewWish) ? 'wish' : 'nothing';
}

/** The key may be missing and the node have the configuration all the same, as its state says. */
function changesConfig({ devicePluginConfig: text }: NodeStatePlan, present: NodePresent, hash: ConfigHash): boolean {
  if (text === undefined || text === presentText(present.devicePlugin)) return false;
  return present.state?.metadata.annotations?.[ANNOTATION.devicePluginConfigHash] !== hash(text);
}

/**
 * True when a change of the node has begun and has not reached its state: the configuration of the device plugin is
 * written first. Such a change has to be finished, or the two would contradict each other for as long as the node is
 * held.
 */
export function hasBegun(
  state: SriovNetworkNodeState | undefined,
  text: string | undefined,
  hash: ConfigHash,
): boolean {
  const told = state?.metadata.annotations?.[ANNOTATION.devicePluginConfigHash];
  return told !== undefined && text !== undefined && hash(text) !== told;
}

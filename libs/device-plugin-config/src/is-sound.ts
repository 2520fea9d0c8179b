import { formatVfRange, type VfRange } from '@sriov/api';
import { type ReadablePolicy } from '@sriov/selection';
import { type PfForPlugin } from './pf-for-plugin.ts';
import { joinRanges, selectedVfs } from './selected-vfs.ts';
import { type Selectors } from './selectors.ts';

/** A policy of a resource, and the selectors that say the same. */
export interface Member {
  readonly policy: ReadablePolicy;
  readonly selectors: Selectors;
}

/** True when the device plugin hands out by these selectors exactly the VFs that the policies mean. */
export function isSound(selectors: Selectors, members: readonly Member[], pfs: readonly PfForPlugin[]): boolean {
  return !isOpen(selectors, members) && pfs.every((pf) => isSoundOn(selectors, members, pf));
}

/**
 * True when the selectors restrict nothing although a policy asks for a device id: that of its VFs is unknown and was
 * left out, so every device of the vendor would match.
 */
function isOpen({ devices, pfNames, rootDevices, pciAddresses }: Selectors, members: readonly Member[]): boolean {
  const isNarrow = [devices, pfNames, rootDevices, pciAddresses].some((list) => list.length > 0);
  return !isNarrow && members.some(({ policy }) => policy.selector.deviceID);
}

function isSoundOn(selectors: Selectors, members: readonly Member[], pf: PfForPlugin): boolean {
  const wishes = members.flatMap(({ policy }) => pf.wanted.get(policy.name) ?? []);
  // What a policy that cannot be carried out has on the PF is what its selectors meant before.
  if (wishes.length > 0 && wishes.every(({ ranges, isKept }) => isKept || ranges.length === 0)) return true;
  const wanted = formatRanges(joinRanges(wishes.flatMap(({ ranges }) => ranges)));
  // Most device ids are known, and then there is only one answer. This runs for each PF of each resource.
  const answers = pf.vfDevice === undefined && pf.isPlanned ? [true, false] : [false];
  return answers.every((unknownFits) => formatRanges(selectedVfs(selectors, pf, { unknownFits })) === wanted);
}

/** The ranges in the words of the device plugin. */
export function formatRanges(ranges: readonly VfRange[]): string {
  return ranges.map(formatVfRange).join(',');
}

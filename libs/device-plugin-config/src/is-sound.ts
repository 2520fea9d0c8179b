import { formatVfRange, type VfRange } from '@sriov/api';
import { type Member } from './members.ts';
import { givenTo, type PfForPlugin } from './pf-for-plugin.ts';
import { joinRanges, type PfInPlan, type Reading, selectedVfs } from './selected-vfs.ts';
import { type Selectors } from './selectors.ts';

/** What decides whether selectors are right. */
export interface SoundFacts {
  readonly members: readonly Member[];
  readonly pfs: readonly PfForPlugin[];
  /** The sets of selectors that the resource has now: none where it does not exist, absent where they are of others. */
  readonly present: readonly Selectors[] | undefined;
}

/**
 * True when each device plugin hands out by these sets of selectors, of which a VF fits one, exactly the VFs that the
 * plan gives to the policies.
 */
export function isSound(sets: readonly Selectors[], { members, pfs, present }: SoundFacts): boolean {
  if (sets.some((set) => isOpen(set, members))) return false;
  return pfs.every((pf) => {
    const here = members.filter(({ policy }) => pf.given.has(policy.name));
    return here.length > 0 && pf.isUnknown ? isNoWider(sets, present, pf) : isSoundOn(sets, here, pf);
  });
}

/** What has VFs of unknown origin keeps them, and nothing else begins to hand them out. */
function isNoWider(sets: readonly Selectors[], present: SoundFacts['present'], pf: PfForPlugin): boolean {
  if (present === undefined) return true;
  return readingsOf([...sets, ...present], pf).every((reading) => {
    const select = (some: readonly Selectors[]): VfRange[] =>
      joinRanges(some.flatMap((set) => selectedVfs(set, pf, reading)));
    return areSame(select([...present, ...sets]), select(present));
  });
}

/**
 * True when the selectors restrict nothing although a policy asks for a device id: that of its VFs is unknown and was
 * left out, so every device of the vendor would match.
 */
function isOpen({ devices, pfNames, rootDevices, pciAddresses }: Selectors, members: readonly Member[]): boolean {
  const isNarrow = [devices, pfNames, rootDevices, pciAddresses].some((list) => list.length > 0);
  return !isNarrow && members.some(({ policy }) => policy.selector.deviceID);
}

/** @param here the members that select the PF */
function isSoundOn(sets: readonly Selectors[], here: readonly Member[], pf: PfForPlugin): boolean {
  const given = joinRanges(here.flatMap(({ policy }) => givenTo(policy, pf)));
  // By its name, a PF that is wanted itself is not handed out at all.
  const mayBeItself = here.some(({ policy }) => policy.spec.numVfs === 0);
  return readingsOf(sets, pf).every((reading) => {
    const select = (as: PfInPlan): VfRange[] => joinRanges(sets.flatMap((set) => selectedVfs(set, as, reading)));
    const isItself = pf.numVfs === 0 && mayBeItself;
    return (isItself || areSame(select(pf), given)) && (pf.asItIs === undefined || isWithin(pf.asItIs, select, given));
  });
}

/** Most device ids are known, and most lists are short: then there is one. This runs for each PF of each resource. */
function readingsOf(sets: readonly Selectors[], pf: PfForPlugin): Reading[] {
  const fits = pf.vfDevice === undefined && pf.isPlanned ? [true, false] : [false];
  const areShort = sets.every(({ pfNames, rootDevices }) => Math.max(pfNames.length, rootDevices.length) <= 1);
  const entries = areShort ? (['first'] as const) : (['first', 'all'] as const);
  return fits.flatMap((unknownFits) => entries.map((each) => ({ unknownFits, entries: each })));
}

/** True when the PF as it is gives no VF that is not given, and is not handed out in the place of VFs. */
function isWithin(asItIs: PfInPlan, select: (pf: PfInPlan) => VfRange[], given: readonly VfRange[]): boolean {
  const selected = select(asItIs);
  return asItIs.numVfs === 0 ? selected.length === 0 : areSame(joinRanges([...given, ...selected]), given);
}

function areSame(a: readonly VfRange[], b: readonly VfRange[]): boolean {
  return formatRanges(a) === formatRanges(b);
}

/** The ranges in the words of the device plugin. */
export function formatRanges(ranges: readonly VfRange[]): string {
  return ranges.map(formatVfRange).join(',');
}

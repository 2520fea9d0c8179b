import { type ObservedInterface, rangesOverlap, type VfRange } from '@sriov/api';
import { type PfLayers, selectedRanges, type SupportedNics, type Wish } from '@sriov/selection';
import { type PfInPlan } from './selected-vfs.ts';

/** A PF of the node, and what policies want of it. */
export interface PfForPlugin extends PfInPlan {
  /** Some policy makes VFs on it. */
  readonly isPlanned: boolean;
  /** What the policies that select it want of it, by their names. */
  readonly wanted: ReadonlyMap<string, WantedVfs>;
}

/** What a policy wants of a PF that it selects, even if others with precedence take the VFs. */
export interface WantedVfs {
  /**
   * As the policy wrote them; all VFs of the PF where it named none. Empty where the policy is refused or wants the PF
   * itself.
   */
  readonly ranges: readonly VfRange[];
  /** They are in the present spec, and the policy cannot be carried out now. */
  readonly isKept: boolean;
}

/** The PF as the device plugin will meet it once the plan is carried out. */
export function pfForPlugin({ nic, contributions, wishes }: PfLayers, nics: SupportedNics): PfForPlugin {
  const { vendor, deviceID, Vfs = [] } = nic;
  const isPlanned = contributions.length > 0;
  const numVfs = isPlanned ? Math.max(...contributions.map((each) => each.numVfs)) : Vfs.length;
  const linkType = contributions.map((each) => each.linkType).find(Boolean) ?? nic.linkType;
  return {
    nic,
    isPlanned,
    numVfs,
    vfDevice: Vfs.find((vf) => vf.deviceID)?.deviceID ?? (deviceID && nics.vfDevice({ vendor, pfDevice: deviceID })),
    linkType: linkType ? LINK_TYPES.get(linkType.toLowerCase()) : undefined,
    wanted: new Map(wishes.map((wish) => [wish.policy.name, wantedVfs(wish, nic, numVfs)])),
  };
}

function wantedVfs({ policy, contribution }: Wish, nic: ObservedInterface, numVfs: number): WantedVfs {
  if (contribution === undefined) return { ranges: [], isKept: false };
  const all = { first: 0, last: numVfs - 1 };
  const isKept = contribution.isKept ?? false;
  const isWhole = !isKept && policy.kind === 'readable' && selectedRanges(policy.selector, nic) === undefined;
  const ranges = isWhole ? [all] : contribution.groups.map(({ range }) => range);
  return { ranges: ranges.flatMap((range) => clip(range, all)), isKept };
}

function clip(range: VfRange, bounds: VfRange): VfRange[] {
  return rangesOverlap(range, bounds) ? [{ first: range.first, last: Math.min(range.last, bounds.last) }] : [];
}

/** The link types in the words of the device plugin. */
const LINK_TYPES = new Map([
  ['eth', 'ether'],
  ['ib', 'infiniband'],
]);

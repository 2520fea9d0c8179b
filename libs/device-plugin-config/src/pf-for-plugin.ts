import { type ObservedInterface, rangesOverlap, type VfRange } from '@sriov/api';
import { type Contribution, type PreparedPolicy, selectedRanges, type SupportedNics } from '@sriov/selection';
import { type PfForPlugin, type WantedVfs } from './device-plugin-config.ts';

/** What the plan says of a PF. */
export interface PlannedPf {
  readonly nic: ObservedInterface;
  /** What is left of what policies want, one laid over the other. */
  readonly contributions: readonly Contribution[];
  /** The policies that select it; what each wants, or nothing where it is refused or wants no VFs. */
  readonly wishes: readonly Wish[];
}

/** What a policy wants of a PF, whatever others want. */
export interface Wish {
  readonly policy: PreparedPolicy;
  readonly contribution: Contribution | undefined;
}

/** The PF as the device plugin will meet it. */
export function pfForPlugin({ nic, contributions, wishes }: PlannedPf, nics: SupportedNics): PfForPlugin {
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

/** The words of the device plugin. */
const LINK_TYPES = new Map([
  ['eth', 'ether'],
  ['ib', 'infiniband'],
]);

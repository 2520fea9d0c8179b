import {
  type DesiredInterface,
  formatVfRange,
  type ObservedInterface,
  parseVfRange,
  rangesOverlap,
  REASON,
  type VfGroup,
  type VfRange,
} from '@sriov/api';
import { factsOfStatus, reachableVfs } from '@sriov/node-limits';
import { selectedRanges } from './nic-selector.ts';
import { type ReadablePolicy } from './prepare.ts';

/** A VF group and its range as numbers. */
export interface RangedGroup {
  readonly group: VfGroup;
  readonly range: VfRange;
}

/** What one policy wants of one PF. */
export interface Contribution {
  readonly policy: string;
  /** 0 is the highest precedence. */
  readonly priority: number;
  readonly numVfs: number;
  readonly mtu: number;
  readonly linkType: string;
  readonly eSwitchMode: string;
  readonly externallyManaged: boolean;
  readonly groups: readonly RangedGroup[];
  /** It stands in the spec already, from a policy that cannot be applied now. */
  readonly isKept?: true;
}

/** Why a policy cannot be applied to a PF. */
export interface Refusal {
  readonly reason: (typeof REASON)['policyInvalid' | 'tooManyVfs' | 'unsupported'];
  readonly message: string;
}

/** What the policy wants of the PF, or why that cannot be. `numVfs` is above 0. */
export function contribute(policy: ReadablePolicy, nic: ObservedInterface): Contribution | Refusal {
  const { spec, selector, name, priority } = policy;
  const where = nic.name ?? nic.pciAddress;
  const limit = vfLimit(nic);
  if (spec.numVfs > limit) {
    return {
      reason: REASON.tooManyVfs,
      message: `${where}: ${spec.numVfs} VFs are wanted, and the PF can have ${limit}`,
    };
  }
  const ranges = selectedRanges(selector, nic) ?? [{ first: 0, last: spec.numVfs - 1 }];
  const fault = findRangeFault(ranges, spec.numVfs);
  if (fault !== undefined) return { reason: REASON.policyInvalid, message: `${where}: ${fault}` };
  return {
    policy: name,
    priority,
    numVfs: spec.numVfs,
    mtu: spec.mtu ?? 0,
    linkType: spec.linkType ?? '',
    eSwitchMode: spec.eSwitchMode ?? '',
    externallyManaged: spec.externallyManaged ?? false,
    groups: ranges.map((range) => ({ range, group: groupOf(policy, range) })),
  };
}

/** Most VFs that the PF can be given, be it by a change of its firmware. */
function vfLimit(nic: ObservedInterface): number {
  const limit = reachableVfs(factsOfStatus(nic));
  // A port of a virtual machine is its own and only VF, and says nothing of a limit.
  return nic.netFilter ? Math.max(limit, 1) : limit;
}

function findRangeFault(ranges: readonly VfRange[], numVfs: number): string | undefined {
  for (const [index, range] of ranges.entries()) {
    if (range.last >= numVfs) {
      return `the range ${formatVfRange(range)} goes beyond the last of ${numVfs} VFs, which is ${numVfs - 1}`;
    }
    const twin = ranges.slice(0, index).find((other) => rangesOverlap(other, range));
    if (twin) return `the ranges ${formatVfRange(twin)} and ${formatVfRange(range)} overlap`;
  }
  return undefined;
}

function groupOf({ name, spec }: ReadablePolicy, range: VfRange): VfGroup {
  return {
    resourceName: spec.resourceName,
    deviceType: spec.deviceType,
    vfRange: formatVfRange(range),
    policyName: name,
    mtu: spec.mtu,
    isRdma: spec.isRdma,
    vdpaType: spec.vdpaType,
  };
}

/** What stands in the spec from a policy that cannot be applied now; nothing when it stands not in it. */
export function keepContribution(
  policy: { readonly name: string; readonly priority: number },
  entry: DesiredInterface | undefined,
): Contribution | undefined {
  const groups = (entry?.vfGroups ?? []).flatMap((group) => {
    const range = parseVfRange(group.vfRange ?? '');
    return group.policyName === policy.name && range.ok ? [{ group, range: range.value }] : [];
  });
  if (entry === undefined || groups.length === 0) return undefined;
  return {
    policy: policy.name,
    priority: policy.priority,
    numVfs: entry.numVfs ?? 0,
    mtu: entry.mtu ?? 0,
    linkType: entry.linkType ?? '',
    eSwitchMode: entry.eSwitchMode ?? '',
    externallyManaged: entry.externallyManaged ?? false,
    groups,
    isKept: true,
  };
}

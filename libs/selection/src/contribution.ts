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
import { nameOf, selectedRanges } from './nic-selector.ts';
import { type ReadablePolicy } from './prepare.ts';

/** A VF group and its range as numbers. */
interface RangedGroup {
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
  /** The policy cannot be applied now: this is what the present spec has of it. */
  readonly isKept?: true;
}

/** Why a policy cannot be applied to a PF. */
export interface ContributionRefusal {
  readonly reason: (typeof REASON)['policyInvalid' | 'tooManyVfs' | 'unsupported'];
  readonly message: string;
}

/** What a policy wants of a PF, or why it cannot have it. */
export type ContributionResult =
  | { readonly ok: true; readonly contribution: Contribution }
  | { readonly ok: false; readonly refusal: ContributionRefusal };

/** What the policy wants of the PF, or why that cannot be. `numVfs` is above 0. */
export function contribute(policy: ReadablePolicy, nic: ObservedInterface): ContributionResult {
  const { spec } = policy;
  const limit = reachableVfs(factsOfStatus(nic));
  if (spec.numVfs > limit) {
    return refuse(REASON.tooManyVfs, `${nameOf(nic)}: ${spec.numVfs} VFs are wanted, and the PF can have ${limit}`);
  }
  const ranges = wantedRanges(policy, nic);
  const fault = findRangeFault(ranges, spec.numVfs);
  return fault === undefined
    ? { ok: true, contribution: contributionOf(policy, ranges) }
    : refuse(REASON.policyInvalid, `${nameOf(nic)}: ${fault}`);
}

function refuse(reason: ContributionRefusal['reason'], message: string): ContributionResult {
  return { ok: false, refusal: { reason, message } };
}

/** The VFs of the PF that the policy wants: the ranges that it names, or all that it makes. */
export function wantedRanges({ spec, selector }: ReadablePolicy, nic: ObservedInterface): readonly VfRange[] {
  return selectedRanges(selector, nic) ?? [{ first: 0, last: spec.numVfs - 1 }];
}

function contributionOf(policy: ReadablePolicy, ranges: readonly VfRange[]): Contribution {
  const { spec, name, priority } = policy;
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

/**
 * The part of the present entry that comes from a policy which cannot be applied now; `undefined` when no group does.
 */
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

import { type DesiredInterface, type ObservedInterface, rangesOverlap, type VfRange } from '@sriov/api';
import { type Contribution } from './contribution.ts';

/** A disagreement of two policies on one PF, of which one has to give way. */
export interface Conflict {
  /** The policy that gives way. */
  readonly policy: string;
  readonly winner: string;
  readonly field: 'eSwitchMode' | 'linkType' | 'externallyManaged';
}

/**
 * Lays a contribution over those below it, which rank lower or equal. It takes the VFs that it claims: groups that
 * overlap with its own are removed. A policy that is left without a group has no say any more, unless it ranks equal:
 * then the larger number of VFs and the larger MTU of the two hold, since neither may be favoured. What was merely kept
 * of a policy is removed without a trace, because the next plan would not find it any more.
 */
export function overlay(below: readonly Contribution[], top: Contribution): Contribution[] {
  const kept = below
    .map((contribution) => ({
      ...contribution,
      groups: contribution.groups.filter(({ range }) => !top.groups.some((other) => rangesOverlap(range, other.range))),
    }))
    .filter(({ groups, priority, isKept }) => groups.length > 0 || (priority === top.priority && !isKept));
  return [...kept, top];
}

/** A policy of equal rank that loses VFs to the one on top for no other reason than its name. */
export interface Rival {
  readonly policy: string;
  /** The VFs that it wants and the one on top gets. */
  readonly range: VfRange;
}

/** The policies that would lose VFs when the contribution is laid over them, though precedence does not say so. */
export function findRivals(below: readonly Contribution[], top: Contribution): Rival[] {
  return below
    .filter(({ priority }) => priority === top.priority)
    .flatMap(({ policy, groups }) => {
      const range = groups.flatMap((mine) => shareOf(mine.range, top))[0];
      return range === undefined ? [] : { policy, range };
    });
}

function shareOf({ first, last }: VfRange, { groups }: Contribution): VfRange[] {
  return groups
    .filter(({ range }) => rangesOverlap(range, { first, last }))
    .map(({ range }) => ({ first: Math.max(first, range.first), last: Math.min(last, range.last) }));
}

/**
 * The desired state of the PF that contributions in rising precedence add up to, and the fields in which they
 * contradict each other. A field that the highest one leaves open is taken from the next that sets it.
 */
export function mergeContributions(
  nic: ObservedInterface,
  contributions: readonly Contribution[],
): { readonly desired: DesiredInterface; readonly conflicts: readonly Conflict[] } {
  const ranked = [...contributions].reverse();
  // A contribution without groups was kept for its numbers alone: it has no say in the other fields.
  const holders = ranked.filter(({ groups }) => groups.length > 0);
  const desired: DesiredInterface = {
    pciAddress: nic.pciAddress,
    name: nic.name,
    numVfs: Math.max(...ranked.map(({ numVfs }) => numVfs)),
    mtu: Math.max(...ranked.map(({ mtu }) => mtu)),
    linkType: firstSet(holders.map(({ linkType }) => linkType)),
    eSwitchMode: firstSet(holders.map(({ eSwitchMode }) => eSwitchMode)),
    externallyManaged: holders[0]?.externallyManaged,
    vfGroups: ranked.flatMap(({ groups }) => groups.map(({ group }) => group)),
  };
  return { desired, conflicts: findConflicts(holders) };
}

function firstSet(values: readonly string[]): string {
  return values.find((value) => value !== '') ?? '';
}

function findConflicts(ranked: readonly Contribution[]): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const field of ['eSwitchMode', 'linkType', 'externallyManaged'] as const) {
    const says = (contribution: Contribution): string => String(contribution[field]).toLowerCase();
    const [winner, ...losers] = ranked.filter((contribution) => contribution[field] !== '');
    for (const loser of losers) {
      if (winner && says(loser) !== says(winner))
        conflicts.push({ policy: loser.policy, winner: winner.policy, field });
    }
  }
  return conflicts;
}

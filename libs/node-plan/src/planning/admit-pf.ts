import { type DesiredInterface, REASON } from '@sriov/api';
import { findRefusal } from '@sriov/node-limits';
import { type ObservedPf } from '@sriov/observed-host';
import { type DesiredGroup, readGroups } from './desired.ts';
import { factsOfHost } from './facts-of-host.ts';
import { findMissingInterface, findMissingPort, problemOf } from './pf-rules.ts';
import { type PlanProblem } from './steps.ts';

/** A PF to which something may be done, with the groups of its VFs, or why nothing may. */
export type AdmittedPf = { readonly groups: readonly DesiredGroup[] } | { readonly problem: PlanProblem };

/**
 * Whether anything at all is done to a PF as its entry wants it. All that a PF asks for begins here: VFs, settings of
 * its firmware, kernel arguments, and with them a drain or a reboot. One that is refused asks for nothing.
 */
export function admitPf(desired: DesiredInterface, observed: ObservedPf): AdmittedPf {
  const refusal = findRefusal(desired, factsOfHost(observed));
  if (refusal) return { problem: problemOf(observed, refusal.reason, refusal.message) };
  const problem = findMissingInterface(observed) ?? findMissingPort(observed);
  if (problem) return { problem };
  const groups = readGroups(desired);
  return typeof groups === 'string' ? { problem: problemOf(observed, REASON.specInvalid, groups) } : { groups };
}

/** Entries of the spec by PCI address. Of several for one PF the first counts. */
export function firstEntries(entries: readonly DesiredInterface[] = []): Map<string, DesiredInterface> {
  return new Map([...entries].reverse().map((entry) => [entry.pciAddress, entry]));
}

/** The groups whose VFs the PF can bind to vfio-pci only with an IOMMU, which it has none. */
export function groupsWithoutIommu(groups: readonly DesiredGroup[], observed: ObservedPf): DesiredGroup[] {
  if (observed.iommuGroup !== undefined || observed.port !== undefined) return [];
  return groups.filter(({ userSpaceDriver }) => userSpaceDriver === 'vfio-pci');
}

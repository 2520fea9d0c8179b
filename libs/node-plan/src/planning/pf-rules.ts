import { REASON } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { takesGuids } from '../guids/takes-guids.ts';
import { describeHeld, holderOf, isHostUse } from './in-use.ts';
import { nicDriverOf } from '../nic-drivers.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type PfPlan, type PfStep, type PlanProblem, type PlanProblemReason } from './steps.ts';

/** A problem of a PF, its name put in front of the sentence. */
export function problemOf(observed: ObservedPf, reason: PlanProblemReason, message: string): PlanProblem {
  return { pciAddress: observed.pciAddress, reason, message: `${pfTitle(identityOf(observed))}: ${message}` };
}

/** The VFs of the PF; none when it has no SR-IOV capability. */
export function vfsOf({ sriov }: ObservedPf): readonly ObservedVf[] {
  return sriov?.vfs ?? [];
}

/** Whether the kernel probes a driver for each new VF of the PF. */
export function autoprobeOf({ sriov }: ObservedPf): boolean {
  return sriov?.autoprobe ?? true;
}

/**
 * Why a PF whose network interface is not seen is left alone. The link to the driver is there before the driver has
 * made the interface: until then neither the host's use of it nor the MAC addresses that it prescribes to its VFs are
 * known. InfiniBand ports, and PFs of drivers that we do not know, may never have an interface. The interface of a PF
 * in use may be with its user.
 */
export function findMissingInterface(observed: ObservedPf): PlanProblem | undefined {
  const { driver, link, linkType } = observed;
  if (link !== undefined || linkType === 'IB' || nicDriverOf(driver) === undefined) return undefined;
  if (holderOf(observed) !== undefined) return undefined;
  const message = `its driver ${driver} shows no network interface: nothing is done to the PF until there is one`;
  return problemOf(observed, REASON.interfaceNotFound, message);
}

/** GUIDs go to VFs through the interface of their port. */
export function findMissingPort(observed: ObservedPf): PlanProblem | undefined {
  if (observed.link !== undefined || !takesGuids(observed)) return undefined;
  const message =
    'its InfiniBand port shows no network interface, through which its VFs get their GUIDs: load the kernel module ib_ipoib';
  return problemOf(observed, REASON.interfaceNotFound, message);
}

/**
 * Why the VFs of a PF are neither made nor removed, and why it is not given back: some that were made before are still
 * to appear, and a process that has ended since may have made them.
 */
export function findLateVfs(observed: ObservedPf): PlanProblem | undefined {
  const { vfs = [], lateVfs } = observed.sriov ?? {};
  if (lateVfs === undefined) return undefined;
  // Not how many have: that would be news with each of them.
  const message = `the kernel counts ${vfs.length + lateVfs} VFs, and not all of their links have appeared: the PF is left alone until they have`;
  return problemOf(observed, REASON.blocked, message);
}

/** A PF, and whether it may be changed although the host depends on it. */
export interface GuardedPf {
  readonly observed: ObservedPf;
  readonly allowHostInterfaces: boolean;
}

/** Why something that interrupts the link of the PF must not be done now. */
export function findHostUse({ observed, allowHostInterfaces }: GuardedPf, action: string): PlanProblem | undefined {
  const holder = holderOf(observed);
  if (holder === undefined) return undefined;
  const interrupts = `${action} interrupts its link, and it is in use by ${holder}`;
  if (!isHostUse(observed)) {
    return problemOf(observed, REASON.vfInUse, `${interrupts}: nothing is done until it is free`);
  }
  if (allowHostInterfaces) return undefined;
  const cure = 'set CONFIGURE_HOST_INTERFACES=true for the config daemon if that is wanted';
  return problemOf(observed, REASON.hostInterface, `${interrupts}: ${cure}`);
}

/** Why the VFs of the PF must not be removed, or lose their drivers, now. */
export function findBlocker(
  pf: GuardedPf,
  action: string,
  verb: 'removes' | 'unbinds' = 'removes',
): PlanProblem | undefined {
  const hostUse = findHostUse(pf, action);
  if (hostUse) return hostUse;
  const held = describeHeld(vfsOf(pf.observed));
  if (held === undefined) return undefined;
  return problemOf(
    pf.observed,
    REASON.vfInUse,
    `${action} ${verb} VFs that are in use (${held}): nothing is done until they are free`,
  );
}

/** Sets whether the kernel probes a driver for new VFs, if that is to change. */
export function autoprobeStep(present: boolean, wanted: boolean | undefined): PfStep[] {
  return wanted === undefined || present === wanted ? [] : [{ kind: 'set-autoprobe', enabled: wanted }];
}

/** Which PF a plan is for. */
export function identityOf(observed: ObservedPf): Pick<PfPlan, 'pciAddress' | 'name'> {
  return { pciAddress: observed.pciAddress, name: observed.link?.name ?? observed.pciAddress };
}

/** True when the plan does nothing. */
export function isEmptyPlan(plan: PfPlan): boolean {
  return plan.before.length === 0 && plan.vfs.length === 0 && plan.after.length === 0;
}

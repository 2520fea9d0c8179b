import { type DesiredInterface, formatVfRange, REASON } from '@sriov/api';
import { findFirmwareNeed, type FirmwareNeed } from '@sriov/node-limits';
import { type ESwitchMode, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { admitPf, groupsWithoutIommu } from './admit-pf.ts';
import { factsOfHost } from './facts-of-host.ts';
import { type PfGuids } from '../guids/guid-facts.ts';
import { guidProblems } from '../guids/guid-problems.ts';
import { drainFor } from './drain.ts';
import { type DesiredGroup, groupOf } from './desired.ts';
import { holderOf } from './in-use.ts';
import { nicDriverOf } from '../nic-drivers.ts';
import {
  autoprobeOf,
  autoprobeStep,
  findBlocker,
  findHostUse,
  findLateVfs,
  identityOf,
  isEmptyPlan,
  problemOf,
  vfsOf,
} from './pf-rules.ts';
import {
  asksFirst,
  describeVfChange,
  findVfChange,
  makesVfs,
  nameVfChange,
  setsModeLast,
  type VfChange,
  vfSteps,
} from './plan-eswitch.ts';
import { describeMissingOffload, planFlowSteering, planTcOffload, type RefusedOffload } from './plan-offload.ts';
import { DEFAULT_MTU, isUserSpaceDriver, type PlannedVf, plannedVf, planVf } from './plan-vf.ts';
import {
  type DrainReason,
  type PfPlan,
  type PfStep,
  type PlanProblem,
  type RefusedMode,
  type VfPlan,
  type VfStep,
} from './steps.ts';
import { formatVfIds } from '../words/format-vf-ids.ts';

/** How a PF was before the operator first touched it. */
export interface InitialPf {
  readonly mtu?: number | undefined;
  readonly autoprobe?: boolean | undefined;
  /** Absent where it had no eSwitch, and where an older version has taken the PF over: it is then left as it is. */
  readonly eSwitchMode?: ESwitchMode | undefined;
}

/** A PF, what it should be, and what it was. */
export interface PfCase {
  readonly desired: DesiredInterface;
  readonly observed: ObservedPf;
  readonly initial: InitialPf | undefined;
  /** Change a PF that the host itself depends on. */
  readonly allowHostInterfaces: boolean;
  /** What the MAC addresses of its VFs are made from: no other PF has the same. */
  readonly seed: string;
  /** What was decided about the GUIDs of its VFs; absent where they have none. */
  readonly guids?: PfGuids | undefined;
  /** What it has refused of hardware offload. */
  readonly refusedOffload?: RefusedOffload | undefined;
  /** How it has refused the eSwitch mode that is wanted. */
  readonly refusedMode?: RefusedMode | undefined;
}

/** The plan of a PF, absent when nothing has to be done, and what cannot be done. */
export interface PfResult {
  readonly plan?: PfPlan;
  readonly problems: readonly PlanProblem[];
  /** Why some of the problems would go with a drain. */
  readonly needsDrain?: DrainReason | undefined;
  /** The PF stays as it is: what only other settings of its firmware bring. */
  readonly firmware?: FirmwareNeed;
  /** PCI address of the PF, where some of its VFs are to be bound to vfio-pci, and it has no IOMMU. */
  readonly needsIommu?: string;
  /** What hardware offload lacks, see {@link describeMissingOffload}. */
  readonly remarks?: readonly string[];
}

/** Plans one PF of the spec: the smallest set of steps that makes it equal. */
export function planPf(pfCase: PfCase): PfResult {
  const { desired, observed } = pfCase;
  const admitted = admitPf(desired, observed);
  if ('problem' in admitted) return { problems: [admitted.problem] };
  const { groups } = admitted;
  const iommu = groupsWithoutIommu(groups, observed).length > 0 ? { needsIommu: observed.pciAddress } : {};
  const firmware = findFirmwareNeed(desired, factsOfHost(observed));
  if (firmware) return { problems: [], firmware, ...iommu };
  const { usable, problems } = dropUnusable(observed, groups);
  const change = findVfChange(desired, observed);
  const result = change ? planChange(pfCase, change, usable) : planInPlace(pfCase, usable);
  const remarks = describeMissingOffload(pfCase, result.plan);
  return { ...result, ...iommu, problems: [...problems, ...result.problems], ...(remarks.length > 0 && { remarks }) };
}

/** What the PF cannot do for the VFs of some groups. The other groups of the PF do not suffer from that. */
function dropUnusable(
  observed: ObservedPf,
  groups: readonly DesiredGroup[],
): { usable: readonly DesiredGroup[]; problems: readonly PlanProblem[] } {
  // Without an IOMMU vfio-pci binds nothing.
  const needsIommu = groupsWithoutIommu(groups, observed);
  const needsVdpa = groups.filter(
    ({ vdpaDriver }) => vdpaDriver !== undefined && nicDriverOf(observed.driver)?.vdpaModule === undefined,
  );
  const withoutIommu = describeUnusable(
    needsIommu,
    'cannot be bound to vfio-pci, because the IOMMU is off: enable it in the BIOS, and boot an Intel machine with intel_iommu=on',
  );
  const withoutVdpa = describeUnusable(
    needsVdpa,
    `cannot have vDPA devices, because there is no kernel module that makes them where the driver of the PF is ${observed.driver}: remove vdpaType from the policy`,
  );
  const problems = [
    ...withoutIommu.map((message) => problemOf(observed, REASON.iommuOff, message)),
    ...withoutVdpa.map((message) => problemOf(observed, REASON.unsupported, message)),
  ];
  return { usable: groups.filter((group) => !needsIommu.includes(group) && !needsVdpa.includes(group)), problems };
}

function describeUnusable(groups: readonly DesiredGroup[], why: string): string[] {
  return groups.length === 0 ? [] : [`VFs ${groups.map(({ range }) => formatVfRange(range)).join(', ')} ${why}`];
}

function planChange(pfCase: PfCase, change: VfChange, groups: readonly DesiredGroup[]): PfResult {
  const whole = planVfChange(pfCase, change, groups);
  const { refusedMode: refused } = pfCase;
  if (whole.plan === undefined || refused === undefined || !asksFirst(change, refused)) return whole;
  const { plan, ...result } = planInPlace(pfCase, groups);
  const ask: PfStep = { kind: 'set-eswitch-mode', mode: change.mode.wanted, refused };
  const { because = [], before = [], vfs = [], after = [] } = plan ?? {};
  const asking = { because: [...describeVfChange(change), ...because], before: [...before, ask], vfs, after };
  return { ...result, plan: { ...identityOf(pfCase.observed), ...asking } };
}

/**
 * Another number of VFs, or another eSwitch mode: all VFs are removed, or lose their drivers, so nobody must be using
 * one.
 */
function planVfChange(pfCase: PfCase, change: VfChange, groups: readonly DesiredGroup[]): PfResult {
  const { desired, observed } = pfCase;
  const late = findLateVfs(observed);
  const faults = late ? [late] : guidProblems(pfCase);
  if (faults.length > 0) return { problems: faults };
  const probing = planProbing(pfCase, change, groups);
  const fresh = makesVfs(change)
    ? Array.from({ length: change.numVfs.wanted }, (_, id) => predictVf(observed, id, probing.isProbed))
    : vfsOf(observed).map(unboundVf);
  const planned = fresh.flatMap((vf) => vfPlan(pfCase, vf, groups).plan ?? []);
  const changes = planFlowSteering(pfCase, vfSteps(change, mtuSteps(desired, observed)));
  const tcOffload = planTcOffload(pfCase);
  const plan: PfPlan = {
    ...identityOf(observed),
    because: [
      ...describeVfChange(change),
      ...changes.because,
      ...tcOffload.because,
      ...mtuReasons(desired, observed),
      ...linkReasons(observed),
    ],
    before: withLinkSteps(observed, [...probing.before, ...changes.steps, ...probing.between]),
    vfs: makesVfs(change) ? planned : withOthers(planned, observed),
    after: [...probing.after, ...tcOffload.steps],
  };
  const { action, verb } = nameVfChange(change);
  const blocker = findBlocker(pfCase, action, verb);
  return blocker ? { problems: [blocker], needsDrain: drainFor(plan, observed) } : { problems: [], plan };
}

/** How driver probing of new VFs is switched, and whether it gives them a driver when they are made. */
interface Probing {
  readonly before: readonly PfStep[];
  /** When VF and eSwitch are as they should be, and before VFs get their drivers. */
  readonly between: readonly PfStep[];
  readonly after: readonly PfStep[];
  readonly isProbed: boolean;
}

/**
 * Probing is off while VFs are made if each can be bound by name afterwards, or if they must not have a driver until
 * the eSwitch mode is set. Then only a kernel that may probe finds a driver that we do not know.
 */
function planProbing({ observed, initial }: PfCase, change: VfChange, groups: readonly DesiredGroup[]): Probing {
  const present = autoprobeOf(observed);
  const initially = initial?.autoprobe ?? present;
  const bindsByName = canBindByName(observed, groups);
  const isOff = makesVfs(change) && change.numVfs.wanted > 0 && (bindsByName || setsModeLast(change));
  if (!isOff) {
    const isProbed = makesVfs(change) && present;
    return { before: [], between: [], after: autoprobeStep(present, initially), isProbed };
  }
  const before = autoprobeStep(present, false);
  const restore = autoprobeStep(false, initially);
  // It is done twice then: the steps after the VFs are done even if one before them fails.
  return { before, between: bindsByName ? [] : restore, after: restore, isProbed: false };
}

/** The right number of VFs in the right mode: only those that differ are touched. */
function planInPlace(pfCase: PfCase, groups: readonly DesiredGroup[]): PfResult {
  const { desired, observed } = pfCase;
  const parts = vfsOf(observed).map((vf) => {
    const part = vfPlan(pfCase, { ...plannedVf(vf), ...keptMac(desired, vf) }, groups);
    const isOurs = desired.externallyManaged !== true || groupOf(groups, vf.id) !== undefined;
    return isOurs ? withoutOverride(vf, part) : part;
  });
  const own = desired.externallyManaged === true ? [] : mtuSteps(desired, observed);
  const blocker = own.length > 0 ? findHostUse(pfCase, `setting its MTU to ${desired.mtu}`) : undefined;
  const probing = desired.externallyManaged === true ? [] : restoreProbing(pfCase);
  const tcOffload = planTcOffload(pfCase);
  const plan: PfPlan = {
    ...identityOf(observed),
    because: [
      ...(blocker ? [] : mtuReasons(desired, observed)),
      ...linkReasons(observed),
      ...parts.flatMap(({ because }) => because),
      ...probing.map(() => 'driver probing of new VFs was left changed'),
      ...tcOffload.because,
    ],
    before: [...(blocker ? [] : own), ...linkSteps(observed)],
    vfs: parts.flatMap((part) => part.plan ?? []),
    after: [...probing, ...tcOffload.steps],
  };
  const problems = [
    ...(blocker ? [blocker] : []),
    ...guidProblems(pfCase),
    ...unreadVdpas(observed, groups),
    ...parts.flatMap(({ problem }) => problem ?? []),
  ];
  const waits = parts.flatMap((part) => part.waits ?? []);
  const waiting: PfPlan = {
    ...plan,
    because: [...(blocker ? mtuReasons(desired, observed) : []), ...waits.flatMap(({ because }) => because)],
    before: blocker ? own : [],
    vfs: waits.map((part) => part.plan),
  };
  const needsDrain = drainFor(waiting, observed);
  return isEmptyPlan(plan) ? { problems, needsDrain } : { plan, problems, needsDrain };
}

const NO_MAC = '00:00:00:00:00:00';

/** VFs that someone else has made keep the address that they came with, as upstream lets them. */
function keptMac({ externallyManaged }: DesiredInterface, { link }: ObservedVf): Pick<PlannedVf, 'keptMac'> {
  const mac = link?.permanentMac ?? link?.mac ?? NO_MAC;
  return externallyManaged === true && mac !== NO_MAC ? { keptMac: mac } : {};
}

/** Probing is off only while VFs are made. A daemon that ended in the middle of its work has left it off. */
function restoreProbing({ observed, initial }: PfCase): PfStep[] {
  return autoprobeStep(autoprobeOf(observed), initial?.autoprobe);
}

interface VfPart {
  readonly plan?: VfPlan;
  readonly because: readonly string[];
  readonly problem?: PlanProblem;
  /** What is done, and why, once nobody has the VF any more. */
  readonly waits?: { readonly plan: VfPlan; readonly because: readonly string[] };
}

/**
 * A driver of the kernel is bound by its name, and the name is taken away afterwards. Where it stays, nobody else can
 * give the VF another driver. Whoever has the VF does not feel that it goes.
 */
function withoutOverride({ id, driver, driverOverride }: ObservedVf, part: VfPart): VfPart {
  const { steps = [] } = part.plan ?? {};
  const isLeft = driverOverride !== undefined && driverOverride === driver && !isUserSpaceDriver(driver);
  if (!isLeft || steps.some(({ kind }) => kind === 'bind-vf')) return part;
  const because = [...part.because, `VF ${id} can have no driver but ${driver} (driver_override)`];
  return { ...part, because, plan: { id, steps: [...steps, { kind: 'clear-override' }] } };
}

function vfPlan(pf: PfCase, vf: PlannedVf, groups: readonly DesiredGroup[]): VfPart {
  const group = groupOf(groups, vf.id);
  if (group === undefined || pf.guids?.faults.has(vf.id)) return { because: [] };
  if (isVdpaUnread(vf, group)) return { because: [] };
  const { steps, because } = planVf(pf, vf, group);
  if (steps.length === 0) return { because };
  const holder = holderOf(vf);
  if (holder !== undefined) {
    const message = `${because[0]}, and it is in use by ${holder}: it is left alone until it is free`;
    const problem = problemOf(pf.observed, REASON.vfInUse, message);
    return { because: [], problem, waits: { plan: { id: vf.id, steps }, because } };
  }
  return { plan: { id: vf.id, steps }, because };
}

/** VFs that should have vDPA devices, where nobody knows which have some: one problem, because they have one cause. */
function unreadVdpas(observed: ObservedPf, groups: readonly DesiredGroup[]): PlanProblem[] {
  const unread = vfsOf(observed).filter((vf) => isVdpaUnread(vf, groupOf(groups, vf.id)));
  const cause = unread[0]?.vdpaUnknown;
  if (cause === undefined) return [];
  const ids = formatVfIds(unread.map(({ id }) => id));
  const message = `it is not known whether VF ${ids} has a vDPA device, because ${cause}: it is left alone until that is known`;
  return [problemOf(observed, REASON.interfaceUnreadable, message)];
}

function isVdpaUnread({ vdpaUnknown }: Pick<PlannedVf, 'vdpaUnknown'>, group: DesiredGroup | undefined): boolean {
  return vdpaUnknown !== undefined && group?.vdpaDriver !== undefined;
}

/** All netdevice VFs can be bound by name, so that the kernel need not probe a driver for each VF first. */
function canBindByName(observed: ObservedPf, groups: readonly DesiredGroup[]): boolean {
  return nicDriverOf(observed.driver) !== undefined || groups.every((group) => group.userSpaceDriver !== undefined);
}

function predictVf(observed: ObservedPf, id: number, isProbed: boolean): PlannedVf {
  const driver = isProbed ? (nicDriverOf(observed.driver)?.vfDriver ?? 'its default driver') : undefined;
  return { id, ...(driver !== undefined && { driver, mtu: DEFAULT_MTU }) };
}

/** A VF that stays while the eSwitch mode changes: it has lost its driver, and maybe the address that it was told. */
function unboundVf({ id, adminMac }: ObservedVf): PlannedVf {
  return { id, ...(adminMac !== undefined && { keptMac: adminMac }) };
}

/**
 * VFs that stay while the eSwitch mode changes, and that no group asks for, are none of ours: they get the address and
 * the driver back that they had.
 */
function withOthers(planned: readonly VfPlan[], observed: ObservedPf): VfPlan[] {
  const ids = new Set(planned.map(({ id }) => id));
  const others = vfsOf(observed).flatMap(({ id, driver, adminMac: mac }): VfPlan[] => {
    if (driver === undefined || ids.has(id)) return [];
    const told: VfStep[] = mac !== undefined && observed.link ? [{ kind: 'set-vf-mac', mac }] : [];
    return [{ id, steps: [...told, { kind: 'bind-vf', driver }] }];
  });
  return [...planned, ...others].sort((a, b) => a.id - b.id);
}

function mtuReasons(desired: DesiredInterface, observed: ObservedPf): string[] {
  const isTooSmall = mtuSteps(desired, observed).length > 0;
  return isTooSmall ? [`the MTU is ${observed.link?.mtu}, and ${desired.mtu} is wanted`] : [];
}

function linkReasons({ link }: ObservedPf): string[] {
  return link?.up === false ? ['the link is down'] : [];
}

/** The MTU is only raised: someone else may need the larger one. */
function mtuSteps(desired: DesiredInterface, { link }: ObservedPf): PfStep[] {
  const mtu = desired.mtu ?? 0;
  return link && mtu > link.mtu ? [{ kind: 'set-pf-mtu', mtu }] : [];
}

/**
 * Before any VF is bound: on some devices (igb) a VF asks the PF for its MAC address, and a PF that is down is silent.
 */
function linkSteps({ link }: ObservedPf): PfStep[] {
  return link?.up === false ? [{ kind: 'set-link-up' }] : [];
}

/**
 * The link comes up first: some drivers (bnxt_en) make no VFs while it is down, and say nothing. Where the device
 * resets it comes last: while the link is down nothing that is done to the PF interrupts it.
 */
function withLinkSteps(observed: ObservedPf, steps: readonly PfStep[]): PfStep[] {
  const resets = nicDriverOf(observed.driver)?.resets === true;
  return resets ? [...steps, ...linkSteps(observed)] : [...linkSteps(observed), ...steps];
}

import { ANNOTATION, type DesiredInterface, type NodeStateSpec, type PlannedFrom, REASON } from '@sriov/api';
import { type ObservationProblem, type ObservedHost, type ObservedPf, type RdmaMode } from '@sriov/observed-host';
import { type FirmwareFacts, type FirmwareOutlook } from '../firmware/firmware-facts.ts';
import { planFirmware } from '../firmware/plan-firmware.ts';
import { findWantedPorts } from '../firmware/find-wanted-ports.ts';
import { countUsers, type CountedUsers, findOverruled } from './count-users.ts';
import { type IommuPreset } from '../boot/kernel-arguments.ts';
import { withReboots } from '../boot/with-reboots.ts';
import { type RebootFacts } from '../boot/reboot-record.ts';
import { assignGuids } from '../guids/assign-guids.ts';
import { type GuidAssignment, type GuidFacts } from '../guids/guid-facts.ts';
import { GUID_FILE } from '../guids/guid-file.ts';
import { sharedGuids } from '../guids/shared-guids.ts';
import { planUdev } from '../host-files/plan-udev.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type Card, findReplaced, findUnseenCard } from './card.ts';
import { findSwappedNames } from './swapped-names.ts';
import { type InitialPf, planPf, type PfResult } from './plan-pf.ts';
import { type BridgeFacts } from './own-bridges.ts';
import { planBridges, withoutOwnUplinks } from './plan-bridges.ts';
import { findMissingRdma } from './find-missing-rdma.ts';
import { type RefusedOffload } from './plan-offload.ts';
import { planPort, planPortReset } from './plan-port.ts';
import { planRdmaMode } from './plan-rdma-mode.ts';
import { planReset, type ResetCase } from './plan-reset.ts';
import { describeModeWithoutVfs } from './plan-eswitch.ts';
import { problemOf } from './pf-rules.ts';
import { takeTurns } from './take-turns.ts';
import { vfSeeds } from './vf-mac.ts';
import { DEFAULT_DRIVER, isUserSpaceDriver } from './plan-vf.ts';
import { type HostPlan, type NodePlan, type PfPlan, type PlanProblem, type VfPlan, type VfStep } from './steps.ts';

/** Everything that bears on what has to be done to a node. */
export interface HostFacts {
  readonly spec: NodeStateSpec;
  /** The PFs that the spec was planned from; absent as long as it was not planned. */
  readonly plannedFrom: PlannedFrom | undefined;
  readonly observed: ObservedHost;
  /** PFs that the operator has taken over, by PCI address, with the entry that was last applied or begun. */
  readonly owned: ReadonlyMap<string, DesiredInterface>;
  /** The card that each PF of the journal was on, by PCI address, where that is known. */
  readonly cards?: ReadonlyMap<string, Card>;
  /** How each PF was before the operator touched it, by PCI address. */
  readonly initial: ReadonlyMap<string, InitialPf>;
  /** Why nothing is known of what the operator has taken over; absent where that can be read. */
  readonly unread?: string | undefined;
  readonly guids: GuidFacts;
  /** PFs with a step that has not come back from the kernel, by PCI address, with a sentence about it. */
  readonly blocked: ReadonlyMap<string, string>;
  /** Change PFs that the host itself depends on. */
  readonly allowHostInterfaces: boolean;
  /** Absent where bridges are none of our business. */
  readonly bridges?: BridgeFacts;
  /** What is known of the firmware of NICs; nothing where nobody looked. */
  readonly firmware?: FirmwareFacts;
  /** Who counts as a user of a device: `seen` unless given. */
  readonly users?: CountedUsers;
  /** The RDMA mode that the running kernel has refused to switch to. */
  readonly heldRdmaMode?: RdmaMode | undefined;
  /** What PFs have refused of hardware offload, by PCI address. */
  readonly refusedOffloads?: ReadonlyMap<string, RefusedOffload>;
  /** `none` unless given. */
  readonly iommu?: IommuPreset | undefined;
  /** Absent where reboots are none of our business. */
  readonly reboots?: RebootFacts | undefined;
}

/** Compares the spec with the host and plans the difference. Pure: it can be asked at any time what would happen. */
export function planHost({ users = 'seen', ...facts }: HostFacts): HostPlan {
  const overruled = findOverruled(facts.observed, users);
  const plan = planCounted({ ...facts, observed: countUsers(facts.observed, users) });
  return overruled.size === 0 ? plan : { ...plan, overruled };
}

function planCounted(facts: HostFacts): HostPlan {
  if (facts.unread !== undefined) return { ...NOTHING, problems: [unreadProblem(facts.unread)] };
  if (facts.plannedFrom === undefined) return UNPLANNED;
  const replaced = findReplaced(facts.cards ?? new Map(), facts.observed);
  const plan = planPfs({ ...withoutReplaced(facts, replaced), observed: withoutOwnUplinks(facts) }, [
    ...replaced.keys(),
  ]);
  const { problems, warnings = [], ...bridges } = planBridges(facts, plan.pfs);
  const ofPfs = [...replaced.values(), ...findSwappedNames(facts), ...(plan.warnings ?? [])];
  const told = { problems: [...plan.problems, ...problems], warnings: [...ofPfs, ...warnings] };
  return withReboots(withNode({ ...plan, ...bridges, ...told }, facts), facts);
}

/** The plan with what concerns the node as a whole. */
function withNode(
  { warnings: known = [], ...plan }: HostPlan,
  { spec, observed, heldRdmaMode: held }: HostFacts,
): HostPlan {
  const rdma = planRdmaMode({ wanted: spec.system?.rdmaMode, observed, held });
  const changing = new Set([...plan.pfs, ...plan.problems].map(({ pciAddress }) => pciAddress));
  const missingRdma = findMissingRdma(spec.interfaces ?? [], observed, (pciAddress) => changing.has(pciAddress));
  const warnings = [...known, ...rdma.warnings, ...sharedGuids(observed.interfaces)];
  const node = joinNodePlans(plan.node, rdma);
  const needsReboot = [...(plan.needsReboot ?? []), ...rdma.needsReboot];
  return {
    ...plan,
    ...(needsReboot.length > 0 && { needsReboot }),
    ...(node.steps.length > 0 && { node }),
    ...(warnings.length > 0 && { warnings }),
    problems: [...plan.problems, ...rdma.problems, ...missingRdma],
  };
}

function joinNodePlans(known: NodePlan | undefined, { because, steps }: NodePlan): NodePlan {
  return { because: [...(known?.because ?? []), ...because], steps: [...(known?.steps ?? []), ...steps] };
}

/** The record of a card says nothing about another one in its slot: neither what is ours, nor what was before. */
function withoutReplaced(facts: HostFacts, replaced: ReadonlyMap<string, string>): HostFacts {
  const kept = <T>(records: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...records].filter(([pciAddress]) => !replaced.has(pciAddress)));
  return { ...facts, owned: kept(facts.owned), initial: kept(facts.initial) };
}

/** @param replaced PFs that are another card than the record says, by PCI address */
function planPfs(facts: HostFacts, replaced: readonly string[]): HostPlan {
  const host = indexHost(facts);
  const ofWanted = planAllDesired(facts, host);
  const ofUnwanted = planAllUnwanted(facts, host);
  const results = [...ofWanted.results, ...ofUnwanted.results];
  const plans = results.flatMap(({ plan }) => plan ?? []).sort(byAddress);
  const pfs = takeTurns(plans, host.pfs);
  const { repairs, needsReboot, beforeReboot, ...firmware } = planFirmware(findWantedPorts(facts), facts.firmware);
  const problems = [...results.flatMap((result) => result.problems), ...firmware.problems, ...fileProblems(host)];
  const { guids, warnings } = guidsOf(host);
  const { taken } = ofWanted;
  const isWanted = isIn(facts.spec);
  const left = replaced.filter((pciAddress) => !isWanted(pciAddress) && facts.plannedFrom?.has(pciAddress) === true);
  const givenBack = [...ofUnwanted.givenBack, ...left];
  const { udev, warnings: ofUdev, left: withFiles } = planUdev({ observed: facts.observed, taken, givenBack });
  return {
    ...modulesFor(pfs, host.pfs),
    pfs,
    problems,
    ...drainsOf(results),
    ...(repairs && { node: repairs }),
    ...(needsReboot.length > 0 && { needsReboot }),
    ...(beforeReboot && { beforeReboot }),
    ...(hasFirmware(firmware.outlook) && { firmware: firmware.outlook }),
    ...remarksOf(results),
    taken,
    released: ofUnwanted.released.filter((pciAddress) => !withFiles.has(pciAddress)),
    ...(guids.size > 0 && { guids }),
    ...setAsideOf([...replaced.filter(isWanted), ...left.filter((pciAddress) => !withFiles.has(pciAddress))]),
    ...withWarnings([...warnings, ...ofUdev, ...renamed(taken, host), ...withoutMode(taken, host)]),
    ...(udev.length > 0 && { udev }),
  };
}

/**
 * PFs that policies know by another name, which no PF has now; {@link findSwappedNames} names the others. The PCI
 * address tells which they are, and steps use the name of now.
 */
function renamed(taken: readonly DesiredInterface[], { pfs }: HostIndex): string[] {
  const borne = new Set([...pfs.values()].map(({ link }) => link?.name));
  return taken.flatMap(({ pciAddress, name }) => {
    const link = pfs.get(pciAddress)?.link;
    if (borne.has(name)) return [];
    if (name === undefined || link === undefined || link.name === name || link.altNames.includes(name)) return [];
    return [
      `${pfTitle({ pciAddress, name: link.name })}: the spec calls the PF ${name}: it was renamed, and a policy that selects it by its old name no longer does when it is planned again`,
    ];
  });
}

function withoutMode(taken: readonly DesiredInterface[], { pfs }: HostIndex): string[] {
  return taken.flatMap((entry) => {
    const observed = pfs.get(entry.pciAddress);
    return observed === undefined ? [] : describeModeWithoutVfs(entry, observed);
  });
}

/** A record is put aside once the rules of udev that go with it are gone, or the PF is taken over anew. */
function setAsideOf(setAside: readonly string[]): Pick<HostPlan, 'setAside'> {
  return setAside.length > 0 ? { setAside } : {};
}

function isIn({ interfaces = [] }: NodeStateSpec): (pciAddress: string) => boolean {
  const wanted = new Set(interfaces.map(({ pciAddress }) => pciAddress));
  return (pciAddress) => wanted.has(pciAddress);
}

function withWarnings(warnings: readonly string[]): Pick<HostPlan, 'warnings'> {
  return warnings.length > 0 ? { warnings } : {};
}

function planAllDesired(
  facts: HostFacts,
  host: HostIndex,
): { readonly results: readonly PfResult[]; readonly taken: readonly DesiredInterface[] } {
  const wanted = new Set<string>();
  const results: PfResult[] = [];
  const taken: DesiredInterface[] = [];
  for (const entry of facts.spec.interfaces ?? []) {
    const result = wanted.has(entry.pciAddress) ? { problems: [twice(entry)] } : planDesired(facts, entry, host);
    wanted.add(entry.pciAddress);
    results.push(result);
    if (isInForce(result)) taken.push(entry);
  }
  return { results, taken };
}

/** What waits for a reboot is not in force before that. */
function isInForce({ plan, problems, firmware }: PfResult): boolean {
  return plan !== undefined || (problems.length === 0 && firmware === undefined);
}

function hasFirmware({ needed, optional, ready, settled }: FirmwareOutlook): boolean {
  return needed.size + optional.size + ready.size + settled.length > 0;
}

/** PFs of ours that the spec has no entry for. */
interface Unwanted {
  readonly results: readonly PfResult[];
  /** Nothing keeps these from being given back. */
  readonly givenBack: readonly string[];
  /** Of those, the ones with nothing of ours on them. */
  readonly released: readonly string[];
}

function planAllUnwanted(facts: HostFacts, host: HostIndex): Unwanted {
  const isWanted = isIn(facts.spec);
  const unwanted = [...facts.owned].filter(([pciAddress]) => !isWanted(pciAddress));
  const planned = unwanted.map(
    ([pciAddress, entry]) => [pciAddress, planUnwanted(facts, { ...entry, pciAddress }, host)] as const,
  );
  const givenBack = planned.filter(([, { problems }]) => problems.length === 0);
  return {
    results: planned.map(([, result]) => result),
    givenBack: givenBack.map(([pciAddress]) => pciAddress),
    released: givenBack.flatMap(([pciAddress, { plan }]) => (plan === undefined ? [pciAddress] : [])),
  };
}

function drainsOf(results: readonly PfResult[]): Pick<HostPlan, 'needsDrain'> {
  const needsDrain = results.flatMap((result) => result.needsDrain ?? []).sort(byAddress);
  return needsDrain.length === 0 ? {} : { needsDrain };
}

function remarksOf(results: readonly PfResult[]): Pick<HostPlan, 'remarks'> {
  const remarks = results.flatMap((result) => result.remarks ?? []);
  return remarks.length === 0 ? {} : { remarks };
}

interface Placed {
  readonly pciAddress: string;
}

const byAddress = (a: Placed, b: Placed): number => (a.pciAddress < b.pciAddress ? -1 : 1);

function fileProblems({ guids: { fileFault } }: HostIndex): PlanProblem[] {
  return fileFault === undefined ? [] : [{ reason: REASON.guidsInvalid, message: describeFileFault(fileFault) }];
}

function describeFileFault(fault: string): string {
  return `the file ${GUID_FILE} of the state folder cannot be used, so GUIDs stay as they are: ${fault}`;
}

/** What has to be written about GUIDs before the plan is carried out, and what people should know. */
function guidsOf({ guids: { byPf, warnings } }: HostIndex): Required<Pick<HostPlan, 'guids' | 'warnings'>> {
  const records = [...byPf].map(([pciAddress, { record }]) => [pciAddress, record] as const);
  const known = records.filter(([, { vfs }]) => Object.keys(vfs).length > 0);
  return { guids: new Map(known), warnings };
}

const NOT_PLANNED_YET: PlanProblem = {
  reason: REASON.notPlannedYet,
  message: `the spec does not say from which PFs it was planned (annotation ${ANNOTATION.plannedFrom}), so the host is left as it is: if that lasts, the policy controller does not run, or is older than this daemon`,
};

const NOTHING: HostPlan = { modules: [], pfs: [], problems: [], taken: [], released: [] };
const UNPLANNED: HostPlan = { ...NOTHING, problems: [NOT_PLANNED_YET] };

function unreadProblem(cause: string): PlanProblem {
  const message = `the state folder cannot be read, so nobody knows which VFs are the operator's, and nothing is done to the host: ${cause}`;
  return { reason: REASON.stateDamaged, message };
}

/** The host by PCI address: what was seen of a PF, and why nothing was. */
interface HostIndex {
  readonly pfs: ReadonlyMap<string, ObservedPf>;
  readonly problems: ReadonlyMap<string, ObservationProblem>;
  readonly seeds: ReadonlyMap<string, string>;
  readonly guids: GuidAssignment;
}

function indexHost(facts: HostFacts): HostIndex {
  const { observed } = facts;
  const seeds = vfSeeds(observed.interfaces);
  return {
    pfs: new Map(observed.interfaces.map((pf) => [pf.pciAddress, pf])),
    problems: new Map(observed.problems.map((problem) => [problem.pciAddress, problem])),
    seeds,
    guids: assignGuids(facts, seeds),
  };
}

function planDesired(facts: HostFacts, desired: DesiredInterface, host: HostIndex): PfResult {
  const { initial, allowHostInterfaces, blocked } = facts;
  const observed = host.pfs.get(desired.pciAddress);
  if (observed === undefined) return { problems: [notFound(desired, host)] };
  const waiting = blocked.get(desired.pciAddress);
  if (waiting !== undefined) return { problems: [problemOf(observed, REASON.blocked, waiting)] };
  if (observed.port !== undefined) return planPort(desired, observed);
  return planPf({
    desired,
    observed,
    initial: initial.get(desired.pciAddress),
    allowHostInterfaces,
    seed: host.seeds.get(desired.pciAddress) ?? desired.pciAddress,
    guids: host.guids.byPf.get(desired.pciAddress),
    refusedOffload: facts.refusedOffloads?.get(desired.pciAddress),
  });
}

/**
 * VFs that someone else manages stay. Ours are removed if the spec was planned by someone who had seen the PF. A PF
 * that is gone took its VFs with it, but one that could not be looked at may still have them.
 */
function planUnwanted(facts: HostFacts, entry: DesiredInterface, host: HostIndex): PfResult {
  const { initial, allowHostInterfaces, blocked, plannedFrom } = facts;
  const observed = host.pfs.get(entry.pciAddress);
  const isExternal = entry.externallyManaged === true;
  if (observed === undefined) {
    return { problems: !isExternal && host.problems.has(entry.pciAddress) ? [notFound(entry, host)] : [] };
  }
  if (plannedFrom?.has(entry.pciAddress) !== true)
    return { problems: [problemOf(observed, REASON.notPlannedYet, UNSEEN)] };
  if (isExternal) return { problems: [] };
  const waiting = blocked.get(entry.pciAddress);
  if (waiting !== undefined) return { problems: [problemOf(observed, REASON.blocked, waiting)] };
  const unseen = findUnseenCard(facts.cards?.get(entry.pciAddress), observed);
  if (unseen) return { problems: [unseen] };
  return planWayBack({ observed, initial: initial.get(entry.pciAddress), allowHostInterfaces });
}

function planWayBack(pf: ResetCase): PfResult {
  const { observed, initial } = pf;
  if (observed.port !== undefined) return planPortReset(observed, initial);
  if (observed.sriov === undefined && isUserSpaceDriver(observed.driver)) {
    return { problems: [problemOf(observed, REASON.interfaceUnreadable, LOST_PORT)] };
  }
  return planReset(pf);
}

/** Otherwise nobody would know any more that it has to get its kernel driver back. */
const LOST_PORT =
  'it has no SR-IOV capability and no network interface, and its network is not known, so nobody knows whether it is a port that the operator has bound: unbind its driver, or let the daemon read the metadata of the platform';

const UNSEEN =
  'the spec has no entry of it, and was planned before the PF was reported: it is left as it is until the policy controller has seen it';

function notFound({ pciAddress, name }: DesiredInterface, { problems }: HostIndex): PlanProblem {
  const { message = 'the node has no such network device', isBlocked } = problems.get(pciAddress) ?? {};
  const reason = isBlocked ? REASON.blocked : REASON.interfaceNotFound;
  return { pciAddress, reason, message: `${pfTitle({ pciAddress, name })}: ${message}` };
}

/** The policy controller writes each PF once. Somebody who edits the node state by hand may write it twice. */
function twice({ pciAddress, name }: DesiredInterface): PlanProblem {
  const message = `${pfTitle({ pciAddress, name })}: the spec has more than one entry of the PF, and only the first counts`;
  return { pciAddress, reason: REASON.specInvalid, message };
}

/**
 * vfio-pci needs an IOMMU backend, which nothing loads by itself. A VF's driver is loaded for its first VF as a rule,
 * but not where driver probing is off or somebody has blacklisted it; one that is the PF's as well is there.
 */
function modulesFor(
  pfs: readonly PfPlan[],
  observed: ReadonlyMap<string, ObservedPf>,
): Pick<HostPlan, 'modules' | 'needsNoIommu'> {
  const drivers = pfs.flatMap(({ pciAddress, vfs }) =>
    [...driversFor(vfs)].filter((driver) => driver !== observed.get(pciAddress)?.driver),
  );
  const isWithoutIommu = ({ pciAddress, vfs }: PfPlan): boolean =>
    driversFor(vfs).has('vfio-pci') && observed.get(pciAddress)?.iommuGroup === undefined;
  return {
    modules: [...new Set(drivers.flatMap((driver) => modulesOf(driver)))],
    ...(pfs.some(isWithoutIommu) && { needsNoIommu: true }),
  };
}

/**
 * Drivers that VFs and their vDPA devices are to be bound to by name, and those that make vDPA devices. What all VFs of
 * a PF share is there once.
 */
export function driversFor(vfs: readonly VfPlan[]): Set<string> {
  const steps = vfs.flatMap((vf) => vf.steps);
  return new Set(steps.flatMap((step) => driverFor(step) ?? []));
}

function driverFor(step: VfStep): string | undefined {
  switch (step.kind) {
    case 'bind-vf':
      return step.driver === DEFAULT_DRIVER ? undefined : step.driver;
    case 'make-vdpa':
      return step.module;
    case 'bind-vdpa':
      return step.driver;
    default:
      return undefined;
  }
}

/** Kernel modules that binding the driver takes. */
export function modulesOf(driver: string): readonly string[] {
  return driver === 'vfio-pci' ? ['vfio-pci', 'vfio_iommu_type1'] : [driver];
}

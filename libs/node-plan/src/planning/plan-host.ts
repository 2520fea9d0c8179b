import { ANNOTATION, CONDITION, type DesiredInterface, REASON } from '@sriov/api';
import { withReboots } from '../boot/with-reboots.ts';
import { type FirmwareOutlook } from '../firmware/firmware-facts.ts';
import { findWantedPorts } from '../firmware/find-wanted-ports.ts';
import { planFirmware } from '../firmware/plan-firmware.ts';
import { GUID_FILE } from '../guids/guid-file.ts';
import { planUdev } from '../host-files/plan-udev.ts';
import { pfTitle } from '../words/pf-title.ts';
import { findReplaced } from './card.ts';
import { countUsers, findOverruled } from './count-users.ts';
import { type HostFacts } from './host-facts.ts';
import { type HostIndex, indexHost, isIn } from './host-index.ts';
import { modulesFor } from './needed-modules.ts';
import { planBridges, withoutOwnUplinks } from './plan-bridges.ts';
import { describeModeWithoutVfs } from './plan-eswitch.ts';
import { withNode } from './plan-node.ts';
import { type PfResult } from './plan-pf.ts';
import { planAllUnwanted } from './plan-unwanted.ts';
import { planAllWanted } from './plan-wanted.ts';
import { type HostPlan, type PlanProblem } from './steps.ts';
import { findSwappedNames } from './swapped-names.ts';
import { takeTurns } from './take-turns.ts';

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
  const ownFacts = { ...withoutReplaced(facts, replaced), observed: withoutOwnUplinks(facts) };
  const { plan, needsIommu } = planPfs(ownFacts, [...replaced.keys()]);
  const { problems, warnings = [], ...bridges } = planBridges(facts, plan.pfs);
  const ofPfs = [...replaced.values(), ...findSwappedNames(facts), ...(plan.warnings ?? [])];
  const told = { problems: [...plan.problems, ...problems], warnings: [...ofPfs, ...warnings] };
  return withReboots(withNode({ ...plan, ...bridges, ...told }, facts), { ...facts, needsIommu });
}

/** The record of a card says nothing about another one in its slot: neither what is ours, nor what was before. */
function withoutReplaced(facts: HostFacts, replaced: ReadonlyMap<string, string>): HostFacts {
  const kept = <T>(records: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...records].filter(([pciAddress]) => !replaced.has(pciAddress)));
  return { ...facts, owned: kept(facts.owned), initial: kept(facts.initial) };
}

interface PlannedPfs {
  readonly plan: HostPlan;
  /** A PF needs an IOMMU that is off. */
  readonly needsIommu: boolean;
}

/** @param replaced PFs that are another card than the record says, by PCI address */
function planPfs(facts: HostFacts, replaced: readonly string[]): PlannedPfs {
  const host = indexHost(facts);
  const ofWanted = planAllWanted(facts, host);
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
  const plan: HostPlan = {
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
  return { plan, needsIommu: needsIommu(ofWanted.results, firmware.problems) };
}

/** A PF whose firmware cannot have what it needs gets no VFs, and no IOMMU for them. */
function needsIommu(results: readonly PfResult[], ofFirmware: readonly PlanProblem[]): boolean {
  const refused = new Set(ofFirmware.map(({ pciAddress }) => pciAddress));
  return results.some(({ needsIommu: pciAddress }) => pciAddress !== undefined && !refused.has(pciAddress));
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

function withWarnings(warnings: readonly string[]): Pick<HostPlan, 'warnings'> {
  return warnings.length > 0 ? { warnings } : {};
}

function hasFirmware({ needed, optional, ready, settled }: FirmwareOutlook): boolean {
  return needed.size + optional.size + ready.size + settled.length > 0;
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
  message: `the spec does not say from which PFs it was planned (annotation ${ANNOTATION.plannedFrom}), so the host is left as it is: if that lasts, a paused policy or a canary holds the node (condition ${CONDITION.rolledOut}), or the policy controller does not run or is older than this daemon`,
};

const NOTHING: HostPlan = { modules: [], pfs: [], problems: [], taken: [], released: [] };
const UNPLANNED: HostPlan = { ...NOTHING, problems: [NOT_PLANNED_YET] };

function unreadProblem(cause: string): PlanProblem {
  const message = `the state folder cannot be read, so nobody knows which VFs are the operator's, and nothing is done to the host: ${cause}`;
  return { reason: REASON.stateUnreadable, message };
}

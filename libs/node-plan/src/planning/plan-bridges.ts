import { type PfFacts } from '@sriov/node-limits';
import { type OvsBridge, REASON } from '@sriov/api';
import { type ObservedBridge, type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { FEW, listSome } from '@sriov/words';
import { factsOfHost } from './facts-of-host.ts';
import { bridgeDifferences, describeMissing, findInterface, formerUplinks, mergedEntry } from './bridge-differences.ts';
import {
  type BridgeCase,
  type BridgeInputs,
  type BridgeResult,
  problemOf,
  uplinkNames,
  usersOf,
} from './bridge-case.ts';
import { changesAllVfs } from './changes-all-vfs.ts';
import { type BridgeFacts, type OwnBridge, withoutNamesakes } from './own-bridges.ts';
import { findHostUse, identityOf } from './pf-rules.ts';
import { planUnwanted } from './plan-unwanted-bridge.ts';
import { type BridgePlan, type HostPlan, type PfPlan, type PlanProblem, type PlanProblemReason } from './steps.ts';
import { pfTitle } from '../words/pf-title.ts';

/** What becomes of the bridges of a node. */
export interface BridgesResult extends Pick<HostPlan, 'bridges' | 'ownBridges' | 'warnings'> {
  readonly problems: readonly PlanProblem[];
}

interface WantedCase extends BridgeCase {
  /** Names of the bridges that go with this plan. */
  readonly leaving: ReadonlySet<string>;
  /** Names of the bridges that let go, with this plan, of interfaces that other bridges want. */
  readonly releasing: ReadonlySet<string>;
  /** See `SoftwareBridges`. */
  readonly halted: string | undefined;
}

/**
 * Plans the bridges of a node. Only those change that the operator has made; a bridge of somebody else that is as
 * wanted will do. A bridge of the operator that nobody wants goes when it has no port but its own and the uplink. The
 * uplink is not in its bridge while its PF is changed.
 */
export function planBridges(facts: BridgeInputs, changed: readonly PfPlan[] = []): BridgesResult {
  const { spec, observed } = facts;
  const known = knownBridges(facts);
  if (known === undefined) return { problems: [] };
  const wanted = spec.bridges?.ovs ?? [];
  const unwanted = [...known.own.values()].filter(({ name }) => !wanted.some((each) => each.name === name));
  if (known.damaged !== undefined) return { problems: damagedProblems(wanted, known.damaged) };
  if (wanted.length + unwanted.length === 0) return { bridges: [], ownBridges: [], problems: [] };
  const { softwareBridges: seen } = observed;
  if (seen?.kind !== 'seen') return { problems: unseenProblems(facts, [...wanted, ...unwanted], seen?.cause) };
  const pfs = new Map(observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  const changes = new Map(changed.map((plan) => [plan.pciAddress, plan]));
  const bridgeCase: BridgeCase = { ...facts, known, seen: seen.bridges, pfs, changes };
  const ofUnwanted = unwanted.map((bridge) => unlessHalted(seen.halted, bridge, planUnwanted(bridgeCase, bridge)));
  const wantedCase = {
    ...bridgeCase,
    leaving: new Set(ofUnwanted.flatMap(({ plan }) => plan?.name ?? [])),
    releasing: new Set(wanted.map(({ name }) => name)),
    halted: seen.halted,
  };
  const results = [...planAllWanted(wantedCase, wanted), ...ofUnwanted];
  return {
    bridges: results
      .flatMap(({ releases = [], first, plan }) => [...releases, ...(first ? [first] : []), ...(plan ? [plan] : [])])
      .sort(byName),
    ownBridges: results.flatMap(({ own }) => own ?? []).sort(byName),
    problems: results.flatMap(({ problem }) => problem ?? []),
    warnings: results.flatMap(({ warning }) => warning ?? []),
  };
}

function knownBridges({ bridges, observed: { softwareBridges: seen } }: BridgeInputs): BridgeFacts | undefined {
  return bridges && seen?.kind === 'seen' ? withoutNamesakes(bridges, seen.bridges) : bridges;
}

/**
 * Two bridges can have each other's uplink, as after interfaces were renamed. Each lets go of what the other one wants
 * only if it is changed itself. Which are is found by trying: one that is not makes others wait that want what it has.
 */
function planAllWanted(facts: WantedCase, wanted: readonly OvsBridge[]): BridgeResult[] {
  const results = wanted.map((bridge, index) =>
    wanted.findIndex(({ name }) => name === bridge.name) === index ? planWanted(facts, bridge) : twice(bridge),
  );
  const releasing = new Set(results.flatMap(({ releases = [] }) => releases.map(({ name }) => name)));
  return releasing.size === facts.releasing.size ? results : planAllWanted({ ...facts, releasing }, wanted);
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

function damagedProblems(wanted: readonly OvsBridge[], cause: string): PlanProblem[] {
  if (wanted.length === 0) return [{ reason: REASON.stateDamaged, message: cause }];
  return wanted.map((bridge) => problemOf(bridge, REASON.stateDamaged, cause));
}

function unseenProblems(
  { spec }: BridgeInputs,
  bridges: readonly OvsBridge[],
  cause = 'nobody has looked',
): PlanProblem[] {
  const wanted = new Set((spec.bridges?.ovs ?? []).map(({ name }) => name));
  return bridges.map((bridge) => {
    const wish = wanted.has(bridge.name) ? 'it is wanted' : 'it is no longer wanted';
    const message = `${wish}, and Open vSwitch cannot be asked: ${cause}: install and start it (ovsdb-server and ovs-vswitchd) on the node`;
    return problemOf(bridge, REASON.ovsUnavailable, message);
  });
}

/** What is wanted of a bridge, and why Open vSwitch does not do it. */
function describeHalt(wish: string, halted: string): string {
  return `${wish}, and Open vSwitch does not carry out what its database says: ${halted}: start ovs-vswitchd on the node, or restart it`;
}

/** A step that nobody would carry out is none, and the bridge stays ours. */
function unlessHalted(halted: string | undefined, own: OwnBridge, result: BridgeResult): BridgeResult {
  if (halted === undefined || result.plan === undefined) return result;
  return { problem: problemOf(own, REASON.ovsUnavailable, describeHalt('it is no longer wanted', halted)), own };
}

function twice(bridge: OvsBridge): BridgeResult {
  return {
    problem: problemOf(bridge, REASON.specInvalid, 'the spec has it more than once, and only the first counts'),
  };
}

function planWanted(facts: WantedCase, wanted: OvsBridge): BridgeResult {
  const own = facts.known.own.get(wanted.name);
  if (facts.halted === undefined) return compareWanted(facts, wanted, own);
  return { problem: problemOf(wanted, REASON.ovsUnavailable, describeHalt('it is wanted', facts.halted)), own };
}

function compareWanted(facts: WantedCase, wanted: OvsBridge, own: OwnBridge | undefined): BridgeResult {
  const refuse = (reason: PlanProblemReason, message: string): BridgeResult => ({
    problem: problemOf(wanted, reason, message),
    own,
  });
  const [uplink, ...others] = wanted.uplinks ?? [];
  if (uplink === undefined || others.length > 0)
    return refuse(REASON.specInvalid, `it has ${others.length + (uplink ? 1 : 0)} uplinks, and must have one`);
  // The PF itself is reported.
  if (facts.blocked.has(uplink.pciAddress)) return { own };
  const pf = facts.pfs.get(uplink.pciAddress);
  if (pf?.link === undefined) {
    const title = pfTitle({ pciAddress: uplink.pciAddress, name: uplink.name });
    return refuse(REASON.interfaceNotFound, `its uplink is to be ${title}, which has no network interface here`);
  }
  const observed = facts.seen.find(({ name }) => name === wanted.name);
  const place = { wanted, pf, uplink: pf.link.name };
  if (observed === undefined) return planNew(facts, place, refuse);
  return own === undefined
    ? judgeForeign(place, observed, refuse)
    : planOwn(facts, { ...place, own, observed }, refuse);
}

type Refuse = (reason: PlanProblemReason, message: string) => BridgeResult;

interface Place {
  readonly wanted: OvsBridge;
  readonly pf: ObservedPf;
  /** Name of the interface of the PF. */
  readonly uplink: string;
}

/** Why the PF cannot become the uplink of the bridge now. */
function findUplinkProblem(facts: WantedCase, { wanted, pf, uplink }: Place, refuse: Refuse): BridgeResult | undefined {
  const eSwitchMode = modeOf(facts, pf);
  if (eSwitchMode !== 'switchdev') {
    const message = `its uplink ${uplink} has to be in eSwitch mode switchdev, and the mode is ${eSwitchMode}`;
    return refuse(REASON.unsupported, message);
  }
  const holder = facts.seen.find((each) => each.name !== wanted.name && findInterface(each, uplink) !== undefined);
  if (holder !== undefined && !facts.leaving.has(holder.name) && !letsGo(facts, holder, uplink)) {
    const message = `its uplink ${uplink} is a port of the bridge ${holder.name}: remove it from there (ovs-vsctl del-port ${holder.name} ${uplink})`;
    return refuse(REASON.bridgeForeign, message);
  }
  const free = holder === undefined ? pf : withoutOvsUse(pf);
  const master = free.uses?.find((each) => each.kind === 'part-of')?.master;
  if (master !== undefined) {
    const message = `its uplink ${uplink} is part of ${master}, and the kernel gives an interface to one of them only: take it out of ${master} (ip link set ${uplink} nomaster)`;
    return refuse(REASON.hostInterface, message);
  }
  const use = findHostUse({ ...facts, observed: free }, `making it the uplink of the bridge ${wanted.name}`);
  return use && { ...refuse(use.reason, ''), problem: use };
}

/** Whether a bridge of the operator lets go of its former uplink before this one is made or changed. */
function letsGo(facts: WantedCase, holder: ObservedBridge, name: string): boolean {
  const { uplinks = [] } = facts.known.own.get(holder.name) ?? {};
  return facts.releasing.has(holder.name) && uplinks.some((each) => each.name === name);
}

/** The mode that the PF will be in when the bridge is made. */
function modeOf({ changes }: BridgeCase, pf: ObservedPf): PfFacts['eSwitchMode'] {
  const steps = changes.get(pf.pciAddress)?.before ?? [];
  const set = steps.flatMap((step) => (step.kind === 'set-eswitch-mode' ? [step.mode] : [])).at(-1);
  return set ?? factsOfHost(pf).eSwitchMode;
}

function planNew(facts: WantedCase, place: Place, refuse: Refuse): BridgeResult {
  const problem = findUplinkProblem(facts, place, refuse);
  if (problem) return problem;
  const { wanted, pf, uplink } = place;
  const step = { kind: 'make-bridge', bridge: wanted, uplink } as const;
  const plan = { name: wanted.name, pf: identityOf(pf), because: ['there is no such bridge'], step };
  return { plan, own: { ...withUplinkName(wanted, uplink), isMarked: true } };
}

/** The entry with the name that the interface of the PF has now. */
function withUplinkName(bridge: OvsBridge, name: string): OvsBridge {
  return { ...bridge, uplinks: (bridge.uplinks ?? []).map((uplink) => ({ ...uplink, name })) };
}

/** Somebody else's bridge that is as wanted will do, and stays his. */
function judgeForeign({ wanted, uplink }: Place, observed: ObservedBridge, refuse: Refuse): BridgeResult {
  const differences = bridgeDifferences({ wanted, before: { name: wanted.name }, observed, uplink });
  if (differences.length > 0) {
    const list = listSome(
      differences.map(({ message }) => message),
      FEW,
    );
    const message = `the operator has not made the bridge of this name, so it does not change it: ${list}: make it so, or delete it (ovs-vsctl del-br ${wanted.name})`;
    return refuse(REASON.bridgeForeign, message);
  }
  return findPortFailure(observed, uplink, refuse) ?? {};
}

interface OwnPlace extends Place {
  readonly own: OwnBridge;
  readonly observed: ObservedBridge;
}

function planOwn(facts: WantedCase, place: OwnPlace, refuse: Refuse): BridgeResult {
  const result = planOwnChange(facts, place, refuse);
  return result.plan === undefined ? result : { ...result, releases: planReleases(facts, place) };
}

/** Former uplinks that other bridges want. They go before any bridge is changed: an interface is in one bridge only. */
function planReleases({ spec, pfs }: WantedCase, { wanted, pf, uplink, own, observed }: OwnPlace): BridgePlan[] {
  const others = (spec.bridges?.ovs ?? []).filter(({ name }) => name !== wanted.name);
  return formerUplinks(own, observed, uplink).flatMap((former) => {
    const taker = others.find(({ uplinks = [] }) => pfs.get(uplinks[0]?.pciAddress ?? '')?.link?.name === former);
    if (taker === undefined) return [];
    const because = [`${former} becomes the uplink of the bridge ${taker.name}`];
    return [{ name: wanted.name, pf: identityOf(pf), because, step: { kind: 'detach-uplink', uplink: former } }];
  });
}

function planOwnChange(facts: WantedCase, place: OwnPlace, refuse: Refuse): BridgeResult {
  const change = facts.changes.get(place.pf.pciAddress);
  const isIn = findInterface(place.observed, place.uplink) !== undefined;
  if (!isIn || change === undefined || !changesAllVfs(change)) return planPresent(facts, place, refuse);
  const first = planDetachment(place);
  const rest = planPresent(facts, withoutUplink(place), refuse);
  return { ...rest, first, ...(rest.plan && { plan: { ...rest.plan, because: returning(rest.plan, place) } }) };
}

function planDetachment({ wanted, pf, uplink, own, observed }: OwnPlace): BridgePlan {
  const ports = [own.name, uplink, ...formerUplinks(own, observed, uplink)];
  const step = { kind: 'detach-uplink', uplink, ports } as const;
  const because = ['the VFs of its uplink are changed, or the eSwitch mode'];
  return { name: wanted.name, pf: identityOf(pf), because, step };
}

/** The bridge as it is while its PF is changed. */
function withoutUplink({ pf, observed, ...place }: OwnPlace): OwnPlace {
  const ports = observed.ports.filter(({ name }) => name !== place.uplink);
  return { ...place, pf: withoutOvsUse(pf), observed: { ...observed, ports } };
}

function returning({ because }: BridgePlan, { uplink }: OwnPlace): string[] {
  const others = because.filter((message) => message !== describeMissing(uplink));
  return [...others, `its uplink ${uplink} returns to it`];
}

function planPresent(facts: WantedCase, place: OwnPlace, refuse: Refuse): BridgeResult {
  const { wanted, pf, uplink, own, observed } = place;
  const entry = { ...withUplinkName(wanted, uplink), ...markOf(own) };
  const differences = bridgeDifferences({ wanted, before: own, observed, uplink });
  if (differences.length === 0) {
    const failure = findPortFailure(observed, uplink, refuse);
    return failure === undefined ? { own: entry } : { ...failure, own: entry };
  }
  const because = differences.map(({ message }) => message);
  const known = [uplink, ...formerUplinks(own, observed, uplink)];
  const users = usersOf(observed, known);
  const isInterrupted = differences.some(({ interrupts }) => interrupts);
  if (users !== undefined && isInterrupted) {
    const message = `${listSome(because, FEW)}: changing that interrupts it, and it is in use by ${users}: nothing is done until it is free`;
    return refuse(REASON.bridgeInUse, message);
  }
  const isNew = findInterface(observed, uplink) === undefined;
  const problem = isNew ? findUplinkProblem(facts, place, refuse) : undefined;
  if (problem) return problem;
  const ports = isInterrupted ? { ports: [own.name, ...known] } : {};
  const step = { kind: 'change-bridge', bridge: wanted, uplink, before: own, ...ports } as const;
  return { plan: { name: wanted.name, pf: identityOf(pf), because, step }, own: mergedEntry(own, entry) };
}

function markOf({ isMarked }: OwnBridge): Pick<OwnBridge, 'isMarked'> {
  return isMarked ? { isMarked } : {};
}

/** The database can have what ovs-vswitchd cannot do, or has not done. */
function findPortFailure(observed: ObservedBridge, uplink: string, refuse: Refuse): BridgeResult | undefined {
  const { error, ofport } = findInterface(observed, uplink) ?? {};
  if (error !== undefined)
    return refuse(REASON.bridgePortFailed, `ovs-vswitchd cannot use its uplink ${uplink}: ${error}`);
  if (ofport !== undefined && ofport >= 0) return undefined;
  const message = `ovs-vswitchd has not taken up its uplink ${uplink}: see whether it runs on the node`;
  return refuse(REASON.bridgePortFailed, message);
}

/**
 * The host without the use that the operator itself makes of a PF: as the uplink of a bridge of its own that nobody
 * else uses. Everybody else's use of the interface stays.
 */
export function withoutOwnUplinks(facts: BridgeInputs): ObservedHost {
  const { observed } = facts;
  const { softwareBridges: seen } = observed;
  const known = knownBridges(facts);
  if (known === undefined || seen?.kind !== 'seen') return observed;
  const free = seen.bridges.filter((bridge) => {
    const own = known.own.get(bridge.name);
    return own !== undefined && usersOf(bridge, uplinkNames(own, undefined)) === undefined;
  });
  const isFree = ({ link }: ObservedPf): boolean =>
    link !== undefined && free.some((bridge) => findInterface(bridge, link.name) !== undefined);
  return { ...observed, interfaces: observed.interfaces.map((pf) => (isFree(pf) ? withoutOvsUse(pf) : pf)) };
}

/** The kernel names this interface as the master of all ports of its datapath. */
const OVS_MASTER = 'ovs-system';

function withoutOvsUse({ uses = [], ...pf }: ObservedPf): ObservedPf {
  const others = uses.filter((use) => use.kind !== 'part-of' || use.master !== OVS_MASTER);
  return others.length === 0 ? pf : { ...pf, uses: others };
}

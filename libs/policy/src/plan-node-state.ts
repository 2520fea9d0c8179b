import {
  type Bridges,
  type DesiredInterface,
  formatVfRange,
  type NodeStateSpec,
  nodeStateSpecSchema,
  LABEL,
  type ObservedInterface,
  type PlannedFrom,
  readPlannedFrom,
  REASON,
  toWire,
} from '@sriov/api';
import { devicePluginConfig, pfForPlugin, resourceNames, type Wish } from '@sriov/device-plugin-config';
import {
  applyBridge,
  BRIDGE_FAULT,
  type BridgesByPf,
  bridgesInOrder,
  contribute,
  type Contribution,
  findBridgeFault,
  findPool,
  findResourceNameFault,
  findRivals,
  findUnfitness,
  findUntoldNetwork,
  isNamed,
  keepBridge,
  keepContribution,
  overlay,
  mergeContributions,
  policyProblem,
  type PreparedPolicy,
  presentBridges,
  type Problem,
  type ReadablePolicy,
  type Refusal,
  selects,
} from '@sriov/selection';
import { type FleetNode } from './fleet-node.ts';
import { type Fleet } from './fleet.ts';
import { hasReported } from './has-reported.ts';
import { limitProblems } from './limit-problems.ts';
import { resourcesOf, vanishedInterfaces } from './vanished.ts';

/** Everything that is written for a node. */
export interface NodeStatePlan {
  readonly name: string;
  /** As it stands in the SriovNetworkNodeState, byte for byte. */
  readonly spec: NodeStateSpec;
  /** The reported PFs that the spec is planned from; absent: what is told of the spec that stands there stays true. */
  readonly plannedFrom: PlannedFrom | undefined;
  /** As it stands in the ConfigMap of the device plugin, byte for byte. Absent: it stays as it is. */
  readonly devicePluginConfig: string | undefined;
  /** `Enabled` where a resource can exist. Absent: it stays as it is. */
  readonly devicePluginLabel: 'Enabled' | 'Disabled' | undefined;
  readonly problems: readonly Problem[];
  /** The policies that configure something on the node, and the PCI addresses of their PFs. */
  readonly matches: ReadonlyMap<string, readonly string[]>;
  /** Names of the policies about the node of which nobody can say what they mean for it before its daemon reports. */
  readonly undecided: readonly string[];
  /** The pool of the node; absent when it is in none, or in several. */
  readonly pool: string | undefined;
}

/** Plans one node. Its cost grows with the policies about the node, not with the fleet. */
export function planNodeState(fleet: Fleet, node: FleetNode): NodeStatePlan {
  const policies = fleet.policyIndex.about(node.labels);
  return hasReported(node.state) ? planReported(fleet, node, policies) : planUnreported(fleet, node, policies);
}

/** Of a node that has not told of its devices nobody knows what it should be: it keeps what it has. */
function planUnreported(fleet: Fleet, node: FleetNode, policies: readonly PreparedPolicy[]): NodeStatePlan {
  const problems: Problem[] = [];
  const pool = poolOf({ fleet, node, problems });
  return {
    name: node.name,
    spec: toWire(nodeStateSpecSchema, keptSpec(node, { rdmaMode: pool.rdmaMode })),
    plannedFrom: undefined,
    devicePluginConfig: undefined,
    devicePluginLabel: undefined,
    problems,
    matches: new Map(),
    undecided: policies.map(({ name }) => name),
    pool: pool.name,
  };
}

function planReported(fleet: Fleet, node: FleetNode, policies: readonly PreparedPolicy[]): NodeStatePlan {
  const interfaces = node.state?.status?.interfaces ?? [];
  const problems: Problem[] = [];
  const vanished = vanishedInterfaces(node, policies);
  const away = new Set(vanished.map(({ pciAddress }) => pciAddress));
  const layers = interfaces
    .filter(({ pciAddress }) => !away.has(pciAddress))
    .map((nic) => layerOf({ fleet, node, policies, problems }, nic));
  const readable = policies.filter((policy) => policy.kind === 'readable');
  const config = devicePluginConfig({
    node: node.name,
    policies: readable,
    interfaces,
    nics: fleet.nics,
    pfs: layers.map((layer) => pfForPlugin(layer, fleet.nics)),
    keep: {
      orphaned: orphanedResources(node, policies, layers),
      frozen: new Set(
        interfaces.length === 0 ? readable.map(({ spec }) => spec.resourceName) : vanished.flatMap(resourcesOf),
      ),
      from: node.devicePluginConfig,
    },
  });
  problems.push(...config.problems);
  problems.push(...readable.flatMap((policy) => netFilterProblems(node.name, policy, interfaces)));
  const pool = poolOf({ fleet, node, problems });
  const system = { rdmaMode: pool.rdmaMode };
  // Where all PFs have gone at once, a driver is being reloaded rather than that somebody wished it.
  const spec =
    interfaces.length === 0
      ? keptSpec(node, system)
      : { ...specOf({ fleet, node, problems }, { layers, vanished, policies }), system };
  problems.push(...limitProblems({ name: node.name, state: node.state, spec, pool: pool.name }));
  const matches = matchesOf(layers, vanished);
  const mayBeServed = hasGroups(spec) || wasServed(node, layers);
  return {
    name: node.name,
    spec: toWire(nodeStateSpecSchema, spec),
    plannedFrom: plannedFrom(layers, spec, away),
    devicePluginConfig: config.text,
    devicePluginLabel: matches.size > 0 || (config.hasResources && mayBeServed) ? 'Enabled' : 'Disabled',
    problems,
    matches,
    undecided: [],
    pool: pool.name,
  };
}

/** The PFs whose entry, or its absence, is what the policies want. Nothing for a spec that was kept. */
function plannedFrom(
  layers: readonly Layer[],
  { interfaces = [] }: NodeStateSpec,
  away: ReadonlySet<string>,
): PlannedFrom | undefined {
  if (layers.length === 0 && away.size === 0 && interfaces.length > 0) return undefined;
  return new Set(layers.filter(({ isUnknown }) => !isUnknown).map(({ nic }) => nic.pciAddress));
}

function keptSpec({ state }: FleetNode, system: NodeStateSpec['system']): NodeStateSpec {
  return state === undefined ? { system } : (state.spec ?? {});
}

/** The device plugin runs there, and of some VFs, or of all, nobody can say whether it should. */
function wasServed({ labels }: FleetNode, layers: readonly Layer[]): boolean {
  const isUnknown = layers.length === 0 || layers.some((layer) => layer.isUnknown);
  return isUnknown && labels[LABEL.devicePlugin] === 'Enabled';
}

/** A guest whose daemon does not tell the networks of its ports can serve no policy that selects by them. */
function netFilterProblems(node: string, policy: ReadablePolicy, nics: readonly ObservedInterface[]): Problem[] {
  const message = findUntoldNetwork(policy.selector, nics);
  return message === undefined ? [] : [policyProblem({ policy: policy.name, node }, REASON.unsupported, message)];
}

function hasGroups({ interfaces = [] }: NodeStateSpec): boolean {
  return interfaces.some(({ vfGroups = [] }) => vfGroups.length > 0);
}

interface Layer {
  readonly nic: ObservedInterface;
  readonly contributions: readonly Contribution[];
  /** Policies that want no VFs and hand out the PF itself. */
  readonly wholePf: readonly string[];
  /** Policies that have their say on the PF, be it that others take all its VFs from them. */
  readonly applied: readonly string[];
  /** What the PF shall be cannot be told, see {@link findUnknown}: nothing is planned for it. */
  readonly isUnknown: boolean;
  /** What each policy that can mean the PF wants of it, be it that others take it. */
  readonly wishes: readonly Wish[];
}

interface Work {
  readonly fleet: Fleet;
  readonly node: FleetNode;
  readonly problems: Problem[];
}

/** What the policies want of one PF, in rising precedence. */
function layerOf(work: Work & { readonly policies: readonly PreparedPolicy[] }, nic: ObservedInterface): Layer {
  const before = entryOf(work.node, nic);
  let contributions: Contribution[] = [];
  const wholePf: string[] = [];
  const applied: string[] = [];
  const wishes: Wish[] = [];
  let doubt: string | undefined;
  for (const policy of work.policies.filter((each) => each.kind === 'unreadable' || selects(each.selector, nic))) {
    if (isForWholePf(policy)) {
      wholePf.push(policy.name);
      wishes.push({ policy, contribution: undefined });
      continue;
    }
    const { contribution, isMeant, isDoubtful } = contributionOf(work, policy, { nic, before });
    if (isMeant) wishes.push({ policy, contribution });
    if (isDoubtful) doubt = policy.name;
    if (contribution === undefined) continue;
    work.problems.push(...rivalProblems(work, nic, { contributions, top: contribution }));
    contributions = overlay(contributions, contribution);
    if (!contribution.isKept) applied.push(policy.name);
  }
  const layer = { nic, contributions, wholePf, applied: [...wholePf, ...applied], wishes, isUnknown: false };
  return doubt === undefined ? layer : withDoubt(work, layer, { doubt, before });
}

/** The entry of the PF in the spec that stands. */
function entryOf({ state }: FleetNode, nic: ObservedInterface): DesiredInterface | undefined {
  return state?.spec?.interfaces?.find(({ pciAddress }) => pciAddress === nic.pciAddress);
}

/** The layer when a policy that cannot be applied may have made the VFs of the PF. */
function withDoubt(
  work: Work,
  layer: Layer,
  { doubt, before }: { readonly doubt: string; readonly before: DesiredInterface | undefined },
): Layer {
  const { nic, wholePf, applied } = layer;
  if (!isForgotten(work.node, { nic, before })) return layer;
  const held = applied.filter((policy) => !wholePf.includes(policy));
  work.problems.push(...held.map((policy) => doubtProblem(work, nic, { policy, doubt })));
  const wishes = layer.wishes.map(({ policy: wisher }) => ({ policy: wisher, contribution: undefined }));
  return { nic, contributions: [], wholePf, applied: wholePf, wishes, isUnknown: true };
}

/** The PF has VFs, and nothing tells any more which policies made them: the node state was deleted since. */
function isForgotten({ state }: FleetNode, { nic, before }: PfBefore): boolean {
  const wasPlanned = state !== undefined && readPlannedFrom(state)?.has(nic.pciAddress) === true;
  return before === undefined && !wasPlanned && (nic.Vfs ?? []).length > 0;
}

function doubtProblem(
  { node }: Work,
  nic: ObservedInterface,
  { policy, doubt }: { readonly policy: string; readonly doubt: string },
): Problem {
  const message = `${nic.name ?? nic.pciAddress}: policy ${doubt} cannot be applied, and may have made the VFs that are there: the PF stays as it is until that policy is corrected or removed`;
  return policyProblem({ policy, node: node.name }, REASON.policyConflict, message);
}

function rivalProblems(
  { node }: Work,
  nic: ObservedInterface,
  { contributions, top }: { readonly contributions: readonly Contribution[]; readonly top: Contribution },
): Problem[] {
  return findRivals(contributions, top).map(({ policy, range }) => {
    const message = `${nic.name ?? nic.pciAddress}: policy ${top.policy} takes VFs ${formatVfRange(range)}, which this one wants as well: both have the priority ${top.priority}, and the later name decides`;
    return policyProblem({ policy, node: node.name }, REASON.policyConflict, message);
  });
}

function isForWholePf(policy: PreparedPolicy): boolean {
  return policy.kind === 'readable' && policy.spec.numVfs === 0;
}

/** A PF, and its entry in the spec that stands. */
interface PfBefore {
  readonly nic: ObservedInterface;
  readonly before: DesiredInterface | undefined;
}

/** What a policy that selects a PF does there. */
interface Effect {
  readonly contribution: Contribution | undefined;
  /** The PF is one that the policy can mean. */
  readonly isMeant: boolean;
  /** The policy cannot be applied, and nothing stands of it: it may have made VFs of which nothing tells any more. */
  readonly isDoubtful: boolean;
}

function contributionOf(work: Work, policy: PreparedPolicy, pf: PfBefore): Effect {
  const kept = keepContribution(policy, pf.before);
  const isDoubtful = kept === undefined;
  if (policy.kind === 'unreadable') return { contribution: kept, isMeant: !isDoubtful, isDoubtful };
  const tell = (refusal: Refusal): void => {
    work.problems.push(policyProblem({ policy: policy.name, node: work.node.name }, refusal.reason, refusal.message));
  };
  const unfitness = findUnfitness(work.fleet, policy, pf.nic);
  if (unfitness !== undefined) {
    const message = `${pf.nic.name ?? pf.nic.pciAddress}: ${unfitness}`;
    if (kept !== undefined || isNamed(policy)) tell({ reason: REASON.unsupported, message });
    return { contribution: kept, isMeant: kept !== undefined, isDoubtful: false };
  }
  const result = contribute(policy, pf.nic);
  if ('groups' in result) return { contribution: result, isMeant: true, isDoubtful: false };
  tell(result);
  return { contribution: kept, isMeant: true, isDoubtful };
}

interface SpecSources {
  readonly layers: readonly Layer[];
  readonly vanished: readonly DesiredInterface[];
  readonly policies: readonly PreparedPolicy[];
}

function specOf(work: Work, sources: SpecSources): NodeStateSpec {
  const merged = sources.layers
    .filter(({ contributions }) => contributions.length > 0)
    .map((layer) => mergeLayer(work, layer));
  return {
    interfaces: [...merged, ...sources.vanished].sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1)),
    bridges: work.fleet.managesSoftwareBridges ? bridgesOf(work, sources) : undefined,
  };
}

function mergeLayer({ node, problems }: Work, { nic, contributions }: Layer): DesiredInterface {
  const { desired, conflicts } = mergeContributions(nic, contributions);
  for (const { policy, winner, field } of conflicts) {
    const message = `${nic.name ?? nic.pciAddress}: ${field} differs from that of policy ${winner}, which takes precedence on this PF`;
    problems.push(policyProblem({ policy, node: node.name }, REASON.policyConflict, message));
  }
  return desired;
}

function bridgesOf(work: Work, { layers, vanished, policies }: SpecSources): Bridges | undefined {
  const before = presentBridges(work.node.state?.spec);
  const kept = vanished.map(({ pciAddress }) => pciAddress);
  let bridges: BridgesByPf = new Map([...before].filter(([pciAddress]) => kept.includes(pciAddress)));
  for (const policy of policies) {
    const fault = policy.kind === 'readable' ? findBridgeFault(policy) : undefined;
    if (fault !== undefined) {
      work.problems.push(policyProblem({ policy: policy.name, node: work.node.name }, BRIDGE_FAULT, fault));
      continue;
    }
    for (const layer of layers) bridges = bridgesWith(bridges, { policy, layer, before });
  }
  return bridgesInOrder(bridges);
}

/** The bridges after one more policy has had its say on a PF. */
function bridgesWith(
  bridges: BridgesByPf,
  { policy, layer, before }: { policy: PreparedPolicy; layer: Layer; before: BridgesByPf },
): BridgesByPf {
  const { nic, contributions, applied } = layer;
  if (policy.kind === 'readable' && applied.includes(policy.name)) return applyBridge(bridges, policy, nic);
  const hasKept = contributions.some((contribution) => contribution.policy === policy.name);
  return hasKept ? keepBridge(bridges, before, nic.pciAddress) : bridges;
}

/** A node whose pool is not known for sure keeps the mode it has: guessing could cost it a reboot. */
function poolOf({ fleet, node, problems }: Work): {
  readonly name: string | undefined;
  readonly rdmaMode: 'shared' | 'exclusive' | undefined;
} {
  const found = findPool(fleet.pools, node);
  problems.push(...found.problems);
  const isUnknown = found.problems.length > 0 || (found.pool === undefined && fleet.unreadablePools.length > 0);
  const rdmaMode = isUnknown ? node.state?.spec?.system?.rdmaMode : found.pool?.spec.rdmaMode;
  return { name: found.pool?.name, rdmaMode };
}

/** Resources whose VFs stay although their policy can no longer be read; all, where VFs stay of which nobody knows whose. */
function orphanedResources(
  { devicePluginConfig: config }: FleetNode,
  policies: readonly PreparedPolicy[],
  layers: readonly Layer[],
): Set<string> {
  if (layers.some(({ isUnknown }) => isUnknown)) return new Set(resourceNames(config));
  const unreadable = new Set(policies.filter(({ kind }) => kind === 'unreadable').map(({ name }) => name));
  const groups = layers.flatMap(({ contributions }) =>
    contributions.filter(({ policy }) => unreadable.has(policy)).flatMap((contribution) => contribution.groups),
  );
  const names = groups.map(({ group }) => group.resourceName ?? '');
  return new Set(names.filter((name) => findResourceNameFault(name) === undefined));
}

function matchesOf(layers: readonly Layer[], vanished: readonly DesiredInterface[]): Map<string, string[]> {
  const matches = new Map<string, string[]>();
  const add = (policy: string, pciAddress: string): void => {
    matches.set(policy, [...(matches.get(policy) ?? []), pciAddress]);
  };
  for (const { nic, contributions, wholePf } of layers) {
    for (const { policy } of contributions) add(policy, nic.pciAddress);
    for (const policy of wholePf) add(policy, nic.pciAddress);
  }
  for (const { pciAddress, vfGroups = [] } of vanished) {
    for (const policy of new Set(vfGroups.map(({ policyName = '' }) => policyName))) add(policy, pciAddress);
  }
  return matches;
}

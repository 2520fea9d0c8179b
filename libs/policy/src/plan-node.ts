import {
  type Bridges,
  type DesiredInterface,
  formatVfRange,
  type NodeStateSpec,
  nodeStateSpecSchema,
  type ObservedInterface,
  REASON,
  type SriovNetworkNodeState,
  toWire,
} from '@sriov/api';
import {
  applyBridge,
  BRIDGE_FAULT,
  type BridgesByPf,
  bridgesInOrder,
  findBridgeFault,
  keepBridge,
  presentBridges,
} from './bridges.ts';
import { isCandidate } from './candidate.ts';
import { contribute, type Contribution, keepContribution } from './contribution.ts';
import { devicePluginConfig } from './device-plugin.ts';
import { type Fleet } from './fleet.ts';
import { limitProblems } from './limit-problems.ts';
import { findRivals, layOver, mergeContributions } from './merge.ts';
import { selects } from './nic-selector.ts';
import { findPool } from './pools.ts';
import { type PreparedPolicy, type ReadablePolicy } from './prepare.ts';
import { policyProblem, type Problem } from './problem.ts';
import { findResourceNameFault } from './resource-name.ts';
import { resourcesOf, vanishedInterfaces } from './vanished.ts';

/** What the plan of a node depends on beside the fleet. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent for a node that has none yet. */
  readonly state: SriovNetworkNodeState | undefined;
  /** The node's device-plugin configuration as it stands now. */
  readonly devicePluginConfig?: string | undefined;
  /**
   * PCI addresses of PFs that are missed (`missedPfs`), for so short a time that they may come back: a driver is
   * reloaded, firmware is reset. They stay as they are.
   */
  readonly vanished?: ReadonlySet<string>;
}

/** Everything that is written for a node. */
export interface NodePlan {
  readonly name: string;
  /** As it stands in the SriovNetworkNodeState, byte for byte. */
  readonly spec: NodeStateSpec;
  /** As it stands in the ConfigMap of the device plugin, byte for byte. */
  readonly devicePluginConfig: string;
  /** `Enabled` where a resource can exist. */
  readonly devicePluginLabel: 'Enabled' | 'Disabled';
  readonly problems: readonly Problem[];
  /** The policies that configure something on the node, and the PCI addresses of their PFs. */
  readonly matches: ReadonlyMap<string, readonly string[]>;
  /** The pool of the node; absent when it is in none, or in several. */
  readonly pool: string | undefined;
}

/** Plans one node. Its cost grows with the policies about the node, not with the fleet. */
export function planNode(fleet: Fleet, node: NodeFacts): NodePlan {
  const policies = fleet.policyIndex.about(node.labels);
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
    keep: {
      orphaned: orphanedResources(policies, layers),
      frozen: new Set(
        interfaces.length === 0 ? readable.map(({ spec }) => spec.resourceName) : vanished.flatMap(resourcesOf),
      ),
      from: node.devicePluginConfig,
    },
  });
  problems.push(...config.problems);
  const pool = poolOf({ fleet, node, problems });
  const system = { rdmaMode: pool.rdmaMode };
  // A node that has not told of its devices keeps what it has: nobody knows what it should be.
  const spec =
    interfaces.length === 0
      ? keptSpec(node, system)
      : { ...specOf({ fleet, node, problems }, { layers, vanished, policies }), system };
  problems.push(...limitProblems({ name: node.name, state: node.state, spec, pool: pool.name }));
  const matches = matchesOf(layers, vanished);
  return {
    name: node.name,
    spec: toWire(nodeStateSpecSchema, spec),
    devicePluginConfig: config.text,
    devicePluginLabel: matches.size > 0 || (config.hasResources && hasGroups(spec)) ? 'Enabled' : 'Disabled',
    problems,
    matches,
    pool: pool.name,
  };
}

function keptSpec({ state }: NodeFacts, system: NodeStateSpec['system']): NodeStateSpec {
  return state === undefined ? { system } : (state.spec ?? {});
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
}

interface Work {
  readonly fleet: Fleet;
  readonly node: NodeFacts;
  readonly problems: Problem[];
}

/** What the policies want of one PF, in rising precedence. */
function layerOf(work: Work & { readonly policies: readonly PreparedPolicy[] }, nic: ObservedInterface): Layer {
  const before = work.node.state?.spec?.interfaces?.find(({ pciAddress }) => pciAddress === nic.pciAddress);
  let contributions: Contribution[] = [];
  const wholePf: string[] = [];
  const applied: string[] = [];
  for (const policy of work.policies) {
    if (isForWholePf(policy)) {
      if (selects(policy.selector, nic)) wholePf.push(policy.name);
      continue;
    }
    const contribution = contributionOf(work, policy, { nic, before });
    if (contribution === undefined) continue;
    work.problems.push(...rivalProblems(work, nic, { contributions, top: contribution }));
    contributions = layOver(contributions, contribution);
    if (!contribution.isKept) applied.push(policy.name);
  }
  return { nic, contributions, wholePf, applied: [...wholePf, ...applied] };
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

function isForWholePf(policy: PreparedPolicy): policy is ReadablePolicy {
  return policy.kind === 'readable' && policy.spec.numVfs === 0;
}

function contributionOf(
  work: Work,
  policy: PreparedPolicy,
  pf: { readonly nic: ObservedInterface; readonly before: DesiredInterface | undefined },
): Contribution | undefined {
  if (policy.kind === 'unreadable') return keepContribution(policy, pf.before);
  if (!selects(policy.selector, pf.nic) || !isCandidate(work.fleet, policy, pf.nic)) {
    return undefined;
  }
  const result = contribute(policy, pf.nic);
  if ('groups' in result) return result;
  work.problems.push(policyProblem({ policy: policy.name, node: work.node.name }, result.reason, result.message));
  return keepContribution(policy, pf.before);
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

/** Resources whose VFs stay although their policy can no longer be read. */
function orphanedResources(policies: readonly PreparedPolicy[], layers: readonly Layer[]): Set<string> {
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

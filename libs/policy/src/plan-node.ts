import {
  type Bridges,
  type DesiredInterface,
  type NodeStateSpec,
  nodeStateSpecSchema,
  type ObservedInterface,
  REASON,
  type SriovNetworkNodeState,
  toWire,
} from '@sriov/api';
import { applyBridge, BRIDGE_FAULT, bridgesInOrder, findBridgeFault } from './bridges.ts';
import { isCandidate } from './candidate.ts';
import { contribute, type Contribution, keepContribution } from './contribution.ts';
import { devicePluginConfig } from './device-plugin.ts';
import { type Fleet } from './fleet.ts';
import { layOver, mergeContributions } from './merge.ts';
import { selects } from './nic-selector.ts';
import { findPool } from './pools.ts';
import { isAboutNode, type PreparedPolicy, type ReadablePolicy } from './prepare.ts';
import { policyProblem, type Problem } from './problem.ts';

/** What the plan of a node depends on beside the fleet. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent for a node that has none yet. */
  readonly state: SriovNetworkNodeState | undefined;
  /** The node's device-plugin configuration as it stands now. */
  readonly devicePluginConfig?: string | undefined;
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
}

/** Plans one node. Its cost grows with the policies about the node, not with the fleet. */
export function planNode(fleet: Fleet, node: NodeFacts): NodePlan {
  const policies = fleet.policies.filter((policy) => isAboutNode(policy, node.labels));
  const interfaces = node.state?.status?.interfaces ?? [];
  const problems: Problem[] = [];
  const layers = interfaces.map((nic) => ({ nic, contributions: stack({ fleet, node, policies, problems }, nic) }));
  const readable = policies.filter((policy) => policy.kind === 'readable');
  const config = devicePluginConfig({
    node: node.name,
    policies: readable,
    interfaces,
    nics: fleet.nics,
    keep: { resources: keptResources(policies, layers), from: node.devicePluginConfig },
  });
  problems.push(...config.problems);
  const spec = interfaces.length === 0 ? keptSpec(node) : specOf({ fleet, node, problems }, layers, readable);
  const hasResource = (spec.interfaces ?? []).some(({ vfGroups = [] }) => vfGroups.length > 0);
  return {
    name: node.name,
    spec: toWire(nodeStateSpecSchema, spec),
    devicePluginConfig: config.text,
    devicePluginLabel: hasResource ? 'Enabled' : 'Disabled',
    problems,
    matches: matchesOf(layers),
  };
}

/** A node that has not told of its devices keeps what it has: nobody knows what it should be. */
function keptSpec({ state }: NodeFacts): NodeStateSpec {
  return state?.spec ?? {};
}

interface Layer {
  readonly nic: ObservedInterface;
  readonly contributions: readonly Contribution[];
}

interface Work {
  readonly fleet: Fleet;
  readonly node: NodeFacts;
  readonly problems: Problem[];
}

/** What the policies want of one PF, in rising precedence. */
function stack(work: Work & { readonly policies: readonly PreparedPolicy[] }, nic: ObservedInterface): Contribution[] {
  const before = work.node.state?.spec?.interfaces?.find(({ pciAddress }) => pciAddress === nic.pciAddress);
  let contributions: Contribution[] = [];
  for (const policy of work.policies) {
    const contribution = contributionOf(work, policy, { nic, before });
    if (contribution) contributions = layOver(contributions, contribution);
  }
  return contributions;
}

function contributionOf(
  work: Work,
  policy: PreparedPolicy,
  pf: { readonly nic: ObservedInterface; readonly before: DesiredInterface | undefined },
): Contribution | undefined {
  if (policy.kind === 'unreadable') return keepContribution(policy, pf.before);
  if (policy.spec.numVfs === 0 || !selects(policy.selector, pf.nic) || !isCandidate(work.fleet, policy, pf.nic)) {
    return undefined;
  }
  const result = contribute(policy, pf.nic);
  if ('groups' in result) return result;
  work.problems.push(policyProblem({ policy: policy.name, node: work.node.name }, result.reason, result.message));
  return keepContribution(policy, pf.before);
}

function specOf(work: Work, layers: readonly Layer[], policies: readonly ReadablePolicy[]): NodeStateSpec {
  return {
    interfaces: layers
      .filter(({ contributions }) => contributions.length > 0)
      .map((layer) => mergeLayer(work, layer))
      .sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1)),
    bridges: work.fleet.managesSoftwareBridges ? bridgesOf(work, layers, policies) : undefined,
    system: { rdmaMode: rdmaModeOf(work) },
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

function bridgesOf(work: Work, layers: readonly Layer[], policies: readonly ReadablePolicy[]): Bridges | undefined {
  let bridges: Parameters<typeof applyBridge>[0] = new Map();
  for (const policy of policies) {
    const fault = findBridgeFault(policy);
    if (fault !== undefined) {
      work.problems.push(policyProblem({ policy: policy.name, node: work.node.name }, BRIDGE_FAULT, fault));
      continue;
    }
    for (const { nic } of layers) {
      if (selects(policy.selector, nic)) bridges = applyBridge(bridges, policy, nic);
    }
  }
  return bridgesInOrder(bridges);
}

/** A node in several pools keeps the mode it has: guessing could cost it a reboot. */
function rdmaModeOf({ fleet, node, problems }: Work): 'shared' | 'exclusive' | undefined {
  const found = findPool(fleet.pools, node);
  if (found.problems.length === 0) return found.pool?.spec.rdmaMode;
  problems.push(...found.problems);
  return node.state?.spec?.system?.rdmaMode;
}

/** Resources whose VFs stay although their policy can no longer be read. */
function keptResources(policies: readonly PreparedPolicy[], layers: readonly Layer[]): Set<string> {
  const unreadable = new Set(policies.filter(({ kind }) => kind === 'unreadable').map(({ name }) => name));
  const groups = layers.flatMap(({ contributions }) =>
    contributions.filter(({ policy }) => unreadable.has(policy)).flatMap((contribution) => contribution.groups),
  );
  return new Set(groups.map(({ group }) => group.resourceName ?? ''));
}

function matchesOf(layers: readonly Layer[]): Map<string, string[]> {
  const matches = new Map<string, string[]>();
  for (const { nic, contributions } of layers) {
    for (const { policy } of contributions) matches.set(policy, [...(matches.get(policy) ?? []), nic.pciAddress]);
  }
  return matches;
}

import {
  type DesiredInterface,
  LABEL,
  type NodeStateSpec,
  nodeStateSpecSchema,
  type ObservedInterface,
  type PlannedFrom,
  REASON,
  toWire,
} from '@sriov/api';
import { type DevicePluginConfig, devicePluginConfig } from '@sriov/device-plugin-config';
import {
  bridgesOf,
  findUntoldNetwork,
  layersOf,
  mergeLayers,
  type PfLayers,
  policyProblem,
  type PreparedPolicy,
  type Problem,
} from '@sriov/selection';
import { type Fleet } from './fleet.ts';
import { type FleetNode } from './fleet-node.ts';
import { keptSpec } from './kept-spec.ts';
import { limitProblems } from './limit-problems.ts';
import { poolOf } from './node-pool.ts';
import { type NodeStatePlan } from './node-state-plan.ts';
import { vanishedInterfaces } from './vanished.ts';

/** What the parts of the plan of a node are made from. */
interface Sources {
  readonly fleet: Fleet;
  readonly node: FleetNode;
  /** The policies about the node, in rising precedence. */
  readonly policies: readonly PreparedPolicy[];
  /** The desired PFs that are missing for the moment and keep their entry. */
  readonly vanished: readonly DesiredInterface[];
  /** What the policies want of all other PFs. */
  readonly layers: readonly PfLayers[];
}

/** A part of the plan, and what is wrong with it. */
interface Part<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** Plans a node that has reported its PFs. */
export function planReported(fleet: Fleet, node: FleetNode, policies: readonly PreparedPolicy[]): NodeStatePlan {
  const { value: sources, problems: ofLayers } = layerPfs(fleet, node, policies);
  const config = configOf(sources);
  const pool = poolOf(fleet, node);
  const { value: spec, problems: ofSpec } = specOf(sources, pool.rdmaMode);
  const matches = matchesOf(sources);
  return {
    name: node.name,
    spec: toWire(nodeStateSpecSchema, spec),
    plannedFrom: plannedFrom(sources, spec),
    devicePluginConfig: config.text,
    devicePluginLabel: matches.size > 0 || (config.hasResources && mayBeServed(sources, spec)) ? 'Enabled' : 'Disabled',
    problems: [
      ...ofLayers,
      ...config.problems,
      ...netFilterProblems(sources),
      ...pool.problems,
      ...ofSpec,
      ...limitProblems({ name: node.name, state: node.state, spec }),
    ],
    matches,
    undecided: [],
    pool: pool.name,
  };
}

function layerPfs(fleet: Fleet, node: FleetNode, policies: readonly PreparedPolicy[]): Part<Sources> {
  const vanished = vanishedInterfaces(node, policies);
  const away = new Set(vanished.map(({ pciAddress }) => pciAddress));
  const facts = { node: node.name, state: node.state, policies, rules: fleet };
  const results = reportedInterfaces(node)
    .filter(({ pciAddress }) => !away.has(pciAddress))
    .map((nic) => layersOf(facts, nic));
  const layers = results.map((result) => result.layers);
  return { value: { fleet, node, policies, vanished, layers }, problems: results.flatMap(({ problems }) => problems) };
}

function reportedInterfaces({ state }: FleetNode): readonly ObservedInterface[] {
  return state?.status?.interfaces ?? [];
}

function configOf({ fleet, node, policies, vanished, layers }: Sources): DevicePluginConfig {
  return devicePluginConfig({
    node: node.name,
    policies,
    interfaces: reportedInterfaces(node),
    nics: fleet.nics,
    layers,
    vanished,
    present: node.devicePluginConfig,
  });
}

/** Where all PFs have gone at once a driver is being reloaded; it is not that somebody wished it. */
function specOf(sources: Sources, rdmaMode: 'shared' | 'exclusive' | undefined): Part<NodeStateSpec> {
  const { fleet, node, policies, vanished, layers } = sources;
  const system = { rdmaMode };
  if (reportedInterfaces(node).length === 0) return { value: keptSpec(node, system), problems: [] };
  const merged = layers
    .filter(({ contributions }) => contributions.length > 0)
    .map((each) => mergeLayers(node.name, each));
  const interfaces = [...merged.map(({ desired }) => desired), ...vanished];
  const kept = new Set(vanished.map(({ pciAddress }) => pciAddress));
  const { bridges, problems } = fleet.managesSoftwareBridges
    ? bridgesOf({ node: node.name, policies, layers, spec: node.state?.spec, kept })
    : // Switched off, or nobody knows: what was wanted of bridges stays, and daemons leave them alone.
      { bridges: node.state?.spec?.bridges, problems: [] };
  return {
    value: { interfaces: interfaces.sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1)), bridges, system },
    problems: [...merged.flatMap((each) => each.problems), ...problems],
  };
}

/** The PFs whose entry, or its absence, is what the policies want. Absent for a spec that was kept. */
function plannedFrom({ layers, vanished }: Sources, { interfaces = [] }: NodeStateSpec): PlannedFrom | undefined {
  if (layers.length === 0 && vanished.length === 0 && interfaces.length > 0) return undefined;
  return new Set(layers.filter(({ isUnknown }) => !isUnknown).map(({ nic }) => nic.pciAddress));
}

/** VFs exist that the device plugin can serve; or it runs there, and nobody can tell of all VFs whether it should. */
function mayBeServed({ node, layers }: Sources, { interfaces = [] }: NodeStateSpec): boolean {
  if (interfaces.some(({ vfGroups = [] }) => vfGroups.length > 0)) return true;
  const isUnknown = layers.length === 0 || layers.some((each) => each.isUnknown);
  return isUnknown && node.labels[LABEL.devicePlugin] === 'Enabled';
}

/** A guest whose daemon does not report the networks of its ports can serve no policy that selects by them. */
function netFilterProblems({ node, policies }: Sources): Problem[] {
  return policies.flatMap((policy) => {
    if (policy.kind === 'unreadable') return [];
    const message = findUntoldNetwork(policy.selector, reportedInterfaces(node));
    return message === undefined
      ? []
      : policyProblem({ policy: policy.name, node: node.name }, REASON.unsupported, message);
  });
}

/** The PCI addresses of the PFs that each policy configures. */
function matchesOf({ layers, vanished }: Sources): Map<string, string[]> {
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

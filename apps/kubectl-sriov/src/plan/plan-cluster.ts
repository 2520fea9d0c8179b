import {
  DEVICE_PLUGIN_CONFIG_MAP,
  type KubeObject,
  LABEL,
  type NodeStateSpec,
  nodeStateSpecSchema,
  readPlannedFrom,
  type SriovNetworkNodeState,
  wireText,
  ownValue,
} from '@sriov/api';
import { foresee, type HostPlan, isIdle } from '@sriov/node-plan';
import {
  type Fleet,
  type Hold,
  isManaged,
  type NodeStatePlan,
  planNodeState,
  prepareFleet,
  type RolloutDecision,
} from '@sriov/policy';
import { policyStatus } from '@sriov/policy-status';
import { explainMismatch, matchesLabels, misplaced, type Problem } from '@sriov/selection';
import { listSome } from '@sriov/words';
import { type Catalog } from '../input/catalog.ts';
import { holdBack, type WantedNode } from './hold-back.ts';

/** How the operator is set up. */
export interface PlanSettings {
  readonly operatorNamespace: string;
  readonly supportedNicsOnly: boolean;
}

/** What the cluster has for a node. */
interface NodeBefore {
  readonly state: SriovNetworkNodeState | undefined;
  /** Absent when it is not in the input, or not in the cluster. */
  readonly devicePluginConfig: string | undefined;
  readonly devicePluginLabel: string | undefined;
}

/** A node that the operator manages: what it has, and what is planned. */
export interface PlannedNode {
  readonly name: string;
  readonly before: NodeBefore;
  /** What would be written now: for a node that is held, what it has. */
  readonly plan: NodeStatePlan;
  /** Why the node keeps what it has, although the policies want something else. */
  readonly hold: Hold | undefined;
  /** What the daemon will do about it, by its own planner; absent while it has not reported the node's devices. */
  readonly host: HostPlan | undefined;
  /** Something changes that the host, the device plugin or the scheduler would notice. */
  readonly changes: boolean;
}

/** A policy that configures nothing, and why. */
interface IdlePolicy {
  readonly name: string;
  readonly message: string;
}

/** What the policy controller would make of the cluster. */
export interface ClusterPlan {
  readonly fleet: Fleet;
  /** By name. */
  readonly nodes: readonly PlannedNode[];
  /** Nodes without the labels of managed nodes, by name. */
  readonly unmanaged: readonly string[];
  /** Those of the unmanaged nodes that still have a node state from before. */
  readonly abandoned: readonly string[];
  readonly idle: readonly IdlePolicy[];
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
  /** `disableDrain` of the SriovOperatorConfig: VFs change under pods that have them. */
  readonly isDrainDisabled: boolean;
}

/** Plans every node, with the functions that the policy controller plans it with. `now`: ms since the epoch. */
export function planCluster(catalog: Catalog, settings: PlanSettings, now = Date.now()): ClusterPlan {
  const { operatorNamespace, supportedNicsOnly } = settings;
  const isHere = ({ metadata }: KubeObject): boolean => metadata.namespace === operatorNamespace;
  const isElsewhere = (object: KubeObject): boolean => !isHere(object);
  const [policies, pools] = [catalog.policies.filter(isHere), catalog.pools.filter(isHere)];
  const fleet = prepareFleet({ ...catalog, policies, pools, supportedNicsOnly });
  // While the SriovOperatorConfig cannot be read, it is not known which nodes are managed, and none is touched.
  const all = fleet.nodeSelector === undefined ? [] : [...catalog.nodes.values()].sort(byName);
  const isOurs = ({ metadata: { labels = {} } }: KubeObject): boolean => isManaged(fleet, labels);
  const wanted = all.filter(isOurs).map((node) => wantedNode({ catalog, fleet }, node));
  const decisions = holdBack(fleet, wanted, now);
  const nodes = wanted.map((node, index) => planOne(node, decisions[index] ?? node, fleet));
  const unmanaged = all.filter((node) => !isOurs(node)).map(({ metadata }) => metadata.name);
  const elsewhere = [
    ...catalog.policies
      .filter(isElsewhere)
      .map(({ metadata: { name } }) => ({ kind: 'SriovNetworkNodePolicy' as const, name })),
    ...catalog.pools
      .filter(isElsewhere)
      .map(({ metadata: { name } }) => ({ kind: 'SriovNetworkPoolConfig' as const, name })),
  ];
  return {
    fleet,
    nodes,
    unmanaged,
    abandoned: unmanaged.filter((name) => catalog.nodeStates.has(name)),
    idle: fleet.nodeSelector === undefined ? [] : idlePolicies(fleet, nodes, catalog),
    problems: [
      ...fleet.problems,
      ...elsewhere.map((object) => misplaced({ ...object, operatorNamespace })),
      ...nodes.flatMap((node) => [...node.plan.problems, ...hostProblems(node)]),
    ],
    notes: notesOf(catalog, settings),
    isDrainDisabled: catalog.operatorConfig?.spec?.disableDrain === true,
  };
}

interface Work {
  readonly catalog: Catalog;
  readonly fleet: Fleet;
}

function wantedNode({ catalog, fleet }: Work, { metadata: { name, labels = {} } }: KubeObject): WantedNode {
  const state = catalog.nodeStates.get(name);
  const devicePluginConfig = ownValue(catalog.devicePluginConfig, name);
  const facts = { name, labels, state, devicePluginConfig };
  const texts = new Map(devicePluginConfig === undefined ? [] : [[DEVICE_PLUGIN_CONFIG_MAP, devicePluginConfig]]);
  const present = {
    ...{ state, isOwned: true, exists: true, devicePluginLabel: labels[LABEL.devicePlugin] },
    devicePlugin: { home: DEVICE_PLUGIN_CONFIG_MAP, texts },
  };
  return { facts, present, plan: planNodeState(fleet, facts) };
}

function planOne(
  { facts, present }: WantedNode,
  { plan, hold }: Pick<RolloutDecision, 'plan' | 'hold'>,
  { managesSoftwareBridges: managesBridges }: Fleet,
): PlannedNode {
  const { name, state, devicePluginConfig } = facts;
  const before = { state, devicePluginConfig, devicePluginLabel: present.devicePluginLabel };
  const plannedFrom = plan.plannedFrom ?? (state && readPlannedFrom(state));
  const host = foresee({ spec: plan.spec, plannedFrom, managesBridges }, state);
  return {
    name,
    before,
    plan,
    hold,
    host,
    changes: isChange(before, plan) || (host !== undefined && (!isIdle(host) || host.needsReboot !== undefined)),
  };
}

/** Refusals of the daemon that are not already problems of a policy or pool. */
function hostProblems({ name, plan, host }: PlannedNode): Problem[] {
  const told = plan.problems.map(({ message }) => message.replace(/^[^:]*: /, ''));
  return (host?.problems ?? [])
    .filter(({ message }) => !told.some((other) => message.endsWith(other)))
    .map(({ reason, message }) => ({ kind: 'Node', name, reason, message }));
}

/** Whether anybody would notice the writes. Nobody notices a first label `Disabled`, or an empty node state. */
function isChange(before: NodeBefore, plan: NodeStatePlan): boolean {
  const spec = (value: NodeStateSpec): string => wireText(nodeStateSpecSchema, value);
  const label = plan.devicePluginLabel ?? before.devicePluginLabel;
  const [wasServed, isServed] = [before.devicePluginLabel === 'Enabled', label === 'Enabled'];
  const texts = [before.devicePluginConfig, plan.devicePluginConfig].filter((text) => text !== undefined);
  return (
    spec(before.state?.spec ?? {}) !== spec(plan.spec) ||
    wasServed !== isServed ||
    (isServed && new Set(texts).size > 1)
  );
}

function byName(a: KubeObject, b: KubeObject): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Policies that configure nothing, with what the policy controller says of them in their status. */
function idlePolicies(fleet: Fleet, nodes: readonly PlannedNode[], catalog: Catalog): IdlePolicy[] {
  const busy = new Set([
    ...nodes.flatMap(({ plan }) => [...plan.matches.keys()]),
    ...nodes.flatMap(({ plan }) => plan.problems.map(({ name }) => name)),
  ]);
  return fleet.policies.flatMap((policy) => {
    if (policy.kind === 'unreadable' || busy.has(policy.name)) return [];
    const selected = nodes.filter(({ name }) =>
      matchesLabels(policy.spec.nodeSelector, catalog.nodes.get(name)?.metadata.labels),
    );
    const unreported = selected.filter(({ plan }) => plan.undecided.includes(policy.name)).map(({ name }) => name);
    const interfaces = selected.flatMap(({ before }) => before.state?.status?.interfaces ?? []);
    const mismatch = explainMismatch(policy.selector, interfaces);
    const facts = {
      selectedNodes: selected.length,
      unplannedNodes: 0,
      unreported,
      matched: [],
      problems: [],
      mismatch,
    };
    const [condition] = policyStatus(facts).conditions;
    return [{ name: policy.name, message: condition?.message ?? '' }];
  });
}

function notesOf(catalog: Catalog, { operatorNamespace }: PlanSettings): string[] {
  const notes: string[] = [];
  if (catalog.operatorConfig === undefined) {
    notes.push(
      `there is no SriovOperatorConfig default in ${operatorNamespace}: one with default settings is assumed (in a cluster nothing is managed without it)`,
    );
  }
  const priorities = catalog.policies.map(({ spec }) => spec?.priority);
  if (priorities.includes(undefined) && priorities.some((priority) => priority !== undefined)) {
    const names = catalog.policies
      .filter(({ spec }) => spec?.priority === undefined)
      .map(({ metadata }) => metadata.name);
    notes.push(
      `${listSome(names.sort())}: without spec.priority a policy ranks highest (0); where the admission webhook runs it gets the lowest (99)`,
    );
  }
  return notes;
}

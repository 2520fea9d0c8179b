import {
  type KubeObject,
  type ObservedInterface,
  SRIOV_NETWORK_NODE_POLICY,
  type SriovNetworkNodeState,
  type SriovNetworkNodePolicy,
} from '@sriov/api';
import {
  isAboutNode,
  isCandidate,
  matchesLabels,
  preparePolicies,
  type ReadablePolicy,
  type SupportedNics,
} from '@sriov/selection';
import { setDefaults, withDefaults } from './defaults.ts';
import { type AdmissionCluster, type AdmissionSettings } from './request.ts';

/** A policy among the nodes and the other policies: what rules look at that need more than the fields of the policy. */
export interface Placement {
  readonly policy: ReadablePolicy;
  /** The nodes that it selects, by name. */
  readonly nodes: readonly PlacedNode[];
  /** Number of different shapes of the nodes. */
  readonly shapes: number;
  /** The other policies that can be read, by name. */
  readonly others: readonly ReadablePolicy[];
}

/** A node that the policy selects. */
export interface PlacedNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** All PFs that the node has reported. */
  readonly interfaces: readonly ObservedInterface[];
  /** The PFs that the policy would configure. */
  readonly selected: readonly ObservedInterface[];
  /** True when each of the two policies has a PF on the node, even if it is not the same one. */
  readonly isShared: (other: ReadablePolicy) => boolean;
  /** Equal for nodes with the same PFs: what is true beside another policy on one of them is true on all of them. */
  readonly shape: number;
}

/** What a placement is made from. */
export interface PlacementFacts {
  /** Namespace of the policy, which is not compared with its own stored form. */
  readonly namespace: string;
  readonly policy: ReadablePolicy;
  readonly nics: SupportedNics;
  readonly cluster: AdmissionCluster;
  readonly settings: AdmissionSettings;
}

/** Finds the nodes, PFs and other policies that matter for a policy. */
export function placePolicy(facts: PlacementFacts): Placement {
  const { policy, nics, cluster, settings } = facts;
  const isSelectedBy = (by: ReadablePolicy, nic: ObservedInterface): boolean =>
    isCandidate({ nics, supportedNicsOnly: settings.supportedNicsOnly }, by, nic);
  const states = new Map(
    inOperatorNamespace(cluster.nodeStates, settings).map((state) => [state.metadata.name, state]),
  );
  const number = numbering();
  const nodes = cluster.nodes
    .filter(({ metadata }) => matchesLabels(policy.spec.nodeSelector, metadata.labels))
    .map(({ metadata: { name, labels = {} } }) => {
      const interfaces = interfacesOf(states.get(name));
      const selected = interfaces.filter((nic) => isSelectedBy(policy, nic));
      const isShared = (other: ReadablePolicy): boolean =>
        selected.length > 0 && interfaces.some((nic) => isSelectedBy(other, nic));
      return { name, labels, interfaces, selected, isShared, shape: number(shapeOf(interfaces)) };
    })
    .sort(byName);
  return { policy, nodes, shapes: new Set(nodes.map(({ shape }) => shape)).size, others: findOthers(facts) };
}

/** The nodes that the other policy selects as well, one per shape. */
export function sharedNodes({ nodes, shapes: all }: Placement, other: ReadablePolicy): PlacedNode[] {
  const shapes = new Map<number, PlacedNode>();
  for (const node of nodes) {
    if (shapes.size === all) break;
    if (!shapes.has(node.shape) && isAboutNode(other, node.labels)) shapes.set(node.shape, node);
  }
  return [...shapes.values()];
}

/** Gives equal texts the same number, since numbers are compared faster than texts. */
function numbering(): (text: string) => number {
  const numbers = new Map<string, number>();
  return (text) => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  };
}

function shapeOf(interfaces: readonly ObservedInterface[]): string {
  return JSON.stringify(
    interfaces.map(({ pciAddress, name, altNames, vendor, deviceID, netFilter, totalvfs }) => [
      pciAddress,
      name,
      altNames,
      vendor,
      deviceID,
      netFilter,
      totalvfs,
    ]),
  );
}

/** Namespace of an object; an object that names none is in the operator's. */
export function namespaceOf({ metadata }: KubeObject, { operatorNamespace }: AdmissionSettings): string {
  return metadata.namespace ?? operatorNamespace;
}

const { kind } = SRIOV_NETWORK_NODE_POLICY;

/**
 * The other policies of the operator's namespace: policies elsewhere are not used and cannot conflict with anything.
 */
function findOthers({ namespace, policy, cluster, settings }: PlacementFacts): ReadablePolicy[] {
  const isItself = ({ metadata }: SriovNetworkNodePolicy): boolean =>
    metadata.name === policy.name && namespace === settings.operatorNamespace;
  const others = inOperatorNamespace(cluster.policies, settings)
    .filter((other) => !isItself(other))
    .map((other) => (isStored(other) ? other : withDefaultsOf(other)));
  return preparePolicies(others)
    .prepared.filter((other) => other.kind === 'readable')
    .sort(byName);
}

/** What is stored counts as it stands, as for the planner; a policy from the same files gets its defaults later. */
function isStored({ metadata }: KubeObject): boolean {
  return metadata.resourceVersion !== undefined;
}

function withDefaultsOf(policy: SriovNetworkNodePolicy): SriovNetworkNodePolicy {
  return withDefaults(policy, setDefaults({ operation: 'CREATE', object: { ...policy, kind } }));
}

function inOperatorNamespace<T extends KubeObject>(objects: readonly T[], settings: AdmissionSettings): T[] {
  return objects.filter((object) => namespaceOf(object, settings) === settings.operatorNamespace);
}

function interfacesOf(state: SriovNetworkNodeState | undefined): readonly ObservedInterface[] {
  return state?.status?.interfaces ?? [];
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

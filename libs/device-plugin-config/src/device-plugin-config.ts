import { type DesiredInterface } from '@sriov/api';
import {
  findResourceNameFault,
  type PfLayers,
  type PreparedPolicy,
  type Problem,
  type ReadablePolicy,
} from '@sriov/selection';
import { configText, readElements, type ResourceElement } from './config-text.ts';
import { type ElementResult, elementOf } from './element.ts';
import { type Member } from './is-sound.ts';
import { pfForPlugin } from './pf-for-plugin.ts';
import { type SelectorFacts, selectorsOf } from './selectors.ts';

/** What the device-plugin configuration of a node depends on. */
export interface DevicePluginFacts extends SelectorFacts {
  /** Name of the node. */
  readonly node: string;
  /** The policies about the node, in rising precedence. */
  readonly policies: readonly PreparedPolicy[];
  /** The layers of each PF: what the policies want of it. */
  readonly layers: readonly PfLayers[];
  /** Desired PFs that are missing for the moment: their resources stay as they are. */
  readonly vanished: readonly DesiredInterface[];
  /** The present text. */
  readonly present: string | undefined;
}

/** The device-plugin configuration of a node. */
export interface DevicePluginConfig {
  /** The exact text that the device plugin reads. */
  readonly text: string;
  /** False when there is no resource: the device plugin would exit. */
  readonly hasResources: boolean;
  readonly problems: readonly Problem[];
}

/**
 * The configuration of the SR-IOV device plugin on a node. Policies with the same resource name share an element. Where
 * the element can hold one value only, the policy with the highest precedence decides and the others get a problem.
 */
export function devicePluginConfig(facts: DevicePluginFacts): DevicePluginConfig {
  const present = readElements(facts.present);
  const readable = facts.policies.filter((policy) => policy.kind === 'readable');
  const resources = membersByResource(readable, facts);
  const pfs = facts.layers.map((layers) => pfForPlugin(layers, facts.nics));
  const frozen = frozenResources(facts, readable);
  const made = [...resources].map(([name, members]): ElementResult => {
    const { element, problems } = elementOf({ node: facts.node, members, pfs, present: present.get(name) });
    return { element: (frozen.has(name) ? present.get(name) : undefined) ?? element, problems };
  });
  const orphaned = orphanedResources(facts, present);
  const kept = [...present].filter(([name]) => orphaned.has(name) && !resources.has(name));
  const elements = [...made.flatMap(({ element }) => element ?? []), ...kept.map(([, element]) => element)];
  return {
    text: configText(elements),
    hasResources: elements.length > 0,
    problems: made.flatMap(({ problems }) => problems),
  };
}

/** The policies of each resource, in rising precedence. */
function membersByResource(policies: readonly ReadablePolicy[], facts: SelectorFacts): Map<string, Member[]> {
  const resources = new Map<string, Member[]>();
  for (const policy of policies) {
    const { resourceName } = policy.spec;
    const member = { policy, selectors: selectorsOf(policy, facts) };
    resources.set(resourceName, [...(resources.get(resourceName) ?? []), member]);
  }
  return resources;
}

/**
 * Resources with a PF that is not reported, so that its names are not known. They stay as they are, whatever the
 * policies say.
 */
function frozenResources(
  { interfaces, vanished }: DevicePluginFacts,
  readable: readonly ReadablePolicy[],
): ReadonlySet<string> {
  if (interfaces.length === 0) return new Set(readable.map(({ spec }) => spec.resourceName));
  return new Set(vanished.flatMap(({ vfGroups = [] }) => vfGroups.map(({ resourceName = '' }) => resourceName)));
}

/**
 * The resources that stay although no readable policy asks for them, because the policy that they came from can no
 * longer be read. On a node with VFs of unknown origin, these are all resources.
 */
function orphanedResources(
  { policies, layers }: DevicePluginFacts,
  present: ReadonlyMap<string, ResourceElement>,
): ReadonlySet<string> {
  if (layers.some(({ isUnknown }) => isUnknown)) return new Set(present.keys());
  const unreadable = new Set(policies.filter(({ kind }) => kind === 'unreadable').map(({ name }) => name));
  const groups = layers.flatMap(({ contributions }) =>
    contributions.filter(({ policy }) => unreadable.has(policy)).flatMap((contribution) => contribution.groups),
  );
  const names = groups.map(({ group }) => group.resourceName ?? '');
  return new Set(names.filter((name) => findResourceNameFault(name) === undefined));
}

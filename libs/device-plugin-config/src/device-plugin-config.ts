import { type DesiredInterface } from '@sriov/api';
import { type PfLayers, type PreparedPolicy, type Problem, type ReadablePolicy } from '@sriov/selection';
import { configText, readElements } from './config-text.ts';
import { type ElementResult, elementOf } from './element.ts';
import { membersByResource } from './members.ts';
import { pfForPlugin } from './pf-for-plugin.ts';
import { type SelectorFacts } from './selectors.ts';

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
  const resources = membersByResource(facts.policies, facts.layers, facts);
  const pfs = facts.layers.map((layers) => pfForPlugin(layers, facts.nics));
  const frozen = frozenResources(facts, readable);
  const made = [...resources].map(([name, members]): ElementResult => {
    const { element, problems } = elementOf({ node: facts.node, members, pfs, present: present.get(name) });
    return { element: (frozen.has(name) ? present.get(name) : undefined) ?? element, problems };
  });
  // VFs of unknown origin may be of any resource.
  const mayBeAny = facts.layers.some(({ isUnknown }) => isUnknown);
  const kept = [...present].filter(([name]) => mayBeAny && !resources.has(name));
  const elements = [...made.flatMap(({ element }) => element ?? []), ...kept.map(([, element]) => element)];
  return {
    text: configText(elements),
    hasResources: elements.length > 0,
    problems: made.flatMap(({ problems }) => problems),
  };
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

import { nodePolicySpecSchema, type VfGroup } from '@sriov/api';
import { findResourceNameFault, type PfLayers, type PreparedPolicy, type ReadablePolicy } from '@sriov/selection';
import { NO_SELECTORS, type SelectorFacts, type Selectors, selectorsOf } from './selectors.ts';

/** A policy of a resource, and the selectors that say the same. */
export interface Member {
  readonly policy: ReadablePolicy;
  readonly selectors: Selectors;
  /** The policy cannot be carried out, and has these VFs from before: they have no other words than addresses. */
  readonly isStanding?: true;
}

/** The policies of each resource, in rising precedence. */
export function membersByResource(
  policies: readonly PreparedPolicy[],
  layers: readonly PfLayers[],
  facts: SelectorFacts,
): Map<string, Member[]> {
  const resources = new Map<string, Member[]>();
  for (const member of policies.flatMap((policy) => [...standing(policy, layers), ...readable(policy, facts)])) {
    const { resourceName } = member.policy.spec;
    resources.set(resourceName, [...(resources.get(resourceName) ?? []), member]);
  }
  return resources;
}

function readable(policy: PreparedPolicy, facts: SelectorFacts): Member[] {
  return policy.kind === 'unreadable' ? [] : [{ policy, selectors: selectorsOf(policy, facts) }];
}

/**
 * What stands of a policy in resources that it does not ask for, because it can no longer be read, or now asks for
 * another one in a way that cannot be carried out.
 */
function standing(policy: PreparedPolicy, layers: readonly PfLayers[]): Member[] {
  const asked = policy.kind === 'readable' ? policy.spec.resourceName : undefined;
  const groups = layers
    .flatMap(({ contributions }) => contributions.filter(({ isKept }) => isKept))
    .filter((contribution) => contribution.policy === policy.name)
    .flatMap((contribution) => contribution.groups.map(({ group }) => [group.resourceName ?? '', group] as const))
    .filter(([name]) => name !== asked && findResourceNameFault(name) === undefined);
  return [...new Map(groups)].map(([resourceName, group]) => ({
    policy: asItWas(policy, resourceName, group),
    selectors: NO_SELECTORS,
    isStanding: true,
  }));
}

function asItWas({ name, priority }: PreparedPolicy, resourceName: string, group: VfGroup): ReadablePolicy {
  const vdpaType = nodePolicySpecSchema.shape.vdpaType.safeParse(group.vdpaType).data;
  const none = { numVfs: 1, deviceType: 'netdevice', nodeSelector: {}, nicSelector: {} } as const;
  const spec = { ...none, resourceName, isRdma: group.isRdma, vdpaType };
  return { kind: 'readable', name, priority, spec, selector: { pfs: [] } };
}

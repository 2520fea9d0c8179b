import { type NodePolicySpec, type ObservedInterface, type PfSelector, rangesOverlap } from '@sriov/api';
import { hasName } from '../nic-selector.ts';
import { type ReadablePolicy } from '../prepare.ts';
import { type PlacedNode, type Placement, sharedNodes } from './placement.ts';
import { firstViolation, type Rule } from './rule.ts';

/** A policy, and another one about the same node. */
export interface PolicyPair {
  readonly policy: ReadablePolicy;
  readonly other: ReadablePolicy;
  readonly node: PlacedNode;
}

/** Rules about each pair of policies on each node that both select. */
export const PAIR_RULES: readonly Rule<PolicyPair>[] = [
  {
    name: 'a PF is managed either externally or by us',
    check(pair) {
      const [meeting] = findMeetings(pair);
      const isExternal = pair.policy.spec.externallyManaged === true;
      return meeting && isExternal !== (pair.other.spec.externallyManaged === true)
        ? `spec.externallyManaged is ${isExternal}, and policy ${pair.other.name} says ${!isExternal} for the same PF ${meeting.mine.name}: both must say the same`
        : undefined;
    },
  },
  {
    name: 'a VF is in one policy',
    check(pair) {
      const meeting = findMeetings(pair).find(isTaken);
      return (
        meeting &&
        `spec.nicSelector.pfNames: "${textOf(meeting.mine)}" takes VFs that policy ${pair.other.name} takes with "${textOf(meeting.theirs)}": give each policy a range of its own, such as ${meeting.mine.name}#0-3`
      );
    },
  },
  {
    name: 'a root device is in one policy',
    check({ policy, other }) {
      const theirs = other.selector.rootDevices ?? [];
      const shared = (policy.selector.rootDevices ?? []).find((address) => theirs.includes(address));
      return (
        shared &&
        `spec.nicSelector.rootDevices: ${shared} is in policy ${other.name} as well: remove it from one of the two, or share the PF by ranges in pfNames`
      );
    },
  },
  ...(['excludeTopology', 'isRdma', 'needVhostNet', 'vdpaType'] as const).map(resourceRule),
];

/** The device plugin knows one value a resource. */
function resourceRule(field: keyof NodePolicySpec): Rule<PolicyPair> {
  const show = ({ spec }: ReadablePolicy): string => String(spec[field] || 'not set');
  const value = ({ spec }: ReadablePolicy): unknown => spec[field] || undefined;
  return {
    name: `policies of one resource agree in ${field}`,
    check({ policy, other }) {
      const { resourceName } = policy.spec;
      return resourceName === other.spec.resourceName && value(policy) !== value(other)
        ? `spec.${field} is ${show(policy)}, and policy ${other.name} of the same resource ${resourceName} has ${show(other)}: both must say the same, or choose another resourceName`
        : undefined;
    },
  };
}

/** Two entries of `pfNames` that name the same PF. */
interface Meeting {
  readonly mine: PfSelector;
  readonly theirs: PfSelector;
}

function findMeetings({ policy, other, node }: PolicyPair): Meeting[] {
  return policy.selector.pfs.flatMap((mine) =>
    other.selector.pfs
      .filter((theirs) => identify(mine, node.interfaces) === identify(theirs, node.interfaces))
      .map((theirs) => ({ mine, theirs })),
  );
}

/** One PF has one identity, whatever it is called; one that has not been reported is known by its name alone. */
function identify({ name }: PfSelector, interfaces: readonly ObservedInterface[]): string {
  return interfaces.find((nic) => hasName(nic, name))?.pciAddress ?? name;
}

/** A whole PF beside a part of it is allowed: precedence decides. */
function isTaken({ mine, theirs }: Meeting): boolean {
  if (mine.range === undefined || theirs.range === undefined) return mine.range === theirs.range;
  return rangesOverlap(mine.range, theirs.range);
}

function textOf({ name, range }: PfSelector): string {
  return range ? `${name}#${range.first}-${range.last}` : name;
}

/** The first rule that does not hold beside another policy, with the name of the node. */
export function findPairViolation(placement: Placement): string | undefined {
  const { policy, others } = placement;
  for (const other of others) {
    for (const node of sharedNodes(placement, other)) {
      const violation = firstViolation(PAIR_RULES, { policy, other, node });
      if (violation !== undefined) return `on node ${node.name}: ${violation}`;
    }
  }
  return undefined;
}

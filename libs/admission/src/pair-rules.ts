import { type ObservedInterface, type PfSelector, rangesOverlap } from '@sriov/api';
import { findDisagreements } from '@sriov/device-plugin-config';
import { hasName, type ReadablePolicy, type ReadSelector, selects } from '@sriov/selection';
import { type PlacedNode, type Placement, sharedNodes } from './placement.ts';
import { firstViolation, type Rule } from './rule.ts';

/** A policy, and another one about the same node. */
export interface PolicyPair {
  readonly policy: ReadablePolicy;
  readonly other: ReadablePolicy;
  readonly node: PlacedNode;
}

/**
 * Rules about each pair of policies on each node that both select. Two policies meet where both have a PF, or may have
 * one.
 */
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
    check({ policy, other, node }) {
      const theirs = other.selector.rootDevices ?? [];
      const isShared = (address: string): boolean =>
        theirs.includes(address) &&
        canMeet(
          { policy, other },
          node.interfaces.find(({ pciAddress }) => pciAddress === address),
        );
      const shared = (policy.selector.rootDevices ?? []).find(isShared);
      return (
        shared &&
        `spec.nicSelector.rootDevices: ${shared} is in policy ${other.name} as well: remove it from one of the two, or share the PF by ranges in pfNames`
      );
    },
  },
  {
    name: 'policies of one resource agree in what the device plugin knows once',
    check({ policy, other, node }) {
      const { resourceName } = policy.spec;
      if (resourceName !== other.spec.resourceName || !node.isShared(other)) return undefined;
      const [field] = findDisagreements(policy.spec, other.spec);
      if (field === undefined) return undefined;
      const show = ({ spec }: ReadablePolicy): string => String(spec[field] || 'not set');
      return `spec.${field} is ${show(policy)}, and policy ${other.name} of the same resource ${resourceName} has ${show(other)}: both must say the same, or choose another resourceName`;
    },
  },
];

/** Two entries of `pfNames` that name the same PF. */
interface Meeting {
  readonly mine: PfSelector;
  readonly theirs: PfSelector;
}

function findMeetings({ policy, other, node }: PolicyPair): Meeting[] {
  return policy.selector.pfs
    .filter(({ name }) =>
      canMeet(
        { policy, other },
        node.interfaces.find((nic) => hasName(nic, name)),
      ),
    )
    .flatMap((mine) =>
      other.selector.pfs
        .filter((theirs) => identify(mine, node.interfaces) === identify(theirs, node.interfaces))
        .map((theirs) => ({ mine, theirs })),
    );
}

/** True when both policies can select a PF that both name. If the PF is not reported, their ids must agree. */
function canMeet({ policy, other }: Pick<PolicyPair, 'policy' | 'other'>, nic: ObservedInterface | undefined): boolean {
  if (nic !== undefined) return selects(policy.selector, nic) && selects(other.selector, nic);
  const ids = ({ vendor, deviceID }: ReadSelector): (string | undefined)[] => [vendor, deviceID];
  const theirs = ids(other.selector);
  return ids(policy.selector).every((id, index) => !id || !theirs[index] || id === theirs[index]);
}

/** The PCI address of a PF, whatever name it is called by; the name itself where the PF has not been reported. */
function identify({ name }: PfSelector, interfaces: readonly ObservedInterface[]): string {
  return interfaces.find((nic) => hasName(nic, name))?.pciAddress ?? name;
}

/** True when both policies take the same VFs. A whole PF beside a part of it is allowed: precedence decides. */
function isTaken({ mine, theirs }: Meeting): boolean {
  if (mine.range === undefined || theirs.range === undefined) return mine.range === theirs.range;
  return rangesOverlap(mine.range, theirs.range);
}

function textOf({ name, range }: PfSelector): string {
  return range ? `${name}#${range.first}-${range.last}` : name;
}

/** The sentence of the first rule that is broken beside another policy, with the name of the node. */
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

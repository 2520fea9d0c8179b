import { type ObservedInterface } from '@sriov/api';
import { VDPA_VENDOR } from '@sriov/node-limits';
import { contribute, nameOf, type ReadablePolicy } from '@sriov/selection';
import { type Placement } from './placement.ts';
import { firstViolation, type Rule } from './rule.ts';

/** A policy, and a PF that it would configure. */
export interface PolicyOnNic {
  readonly policy: ReadablePolicy;
  readonly nic: ObservedInterface;
}

/** Rules about each PF that the policy would configure; each sentence begins with the PF's name. */
export const NIC_RULES: readonly Rule<PolicyOnNic>[] = [
  {
    name: 'there is something to configure',
    check: ({ policy: { spec }, nic }) =>
      spec.numVfs === 0
        ? `${nameOf(nic)}: spec.numVfs is 0: set it to at least 1; to have no VFs, delete the policy`
        : undefined,
  },
  {
    name: 'the planner can carry it out',
    check({ policy, nic }) {
      const result = contribute(policy, nic);
      return result.ok
        ? undefined
        : `${result.refusal.message}: change spec.numVfs or the range in spec.nicSelector.pfNames`;
    },
  },
  ...externalRule('numVfs', ({ spec }, { numVfs = 0 }) =>
    spec.numVfs > numVfs ? `spec.numVfs ${spec.numVfs} is more than the ${numVfs} VFs that are there` : undefined,
  ),
  ...externalRule('mtu', ({ spec: { mtu = 0 } }, nic) =>
    mtu > (nic.mtu ?? 0) ? `spec.mtu ${mtu} is more than the PF's ${nic.mtu ?? 0}` : undefined,
  ),
  ...externalRule('linkType', ({ spec: { linkType } }, nic) =>
    linkType && linkType.toLowerCase() !== (nic.linkType ?? '').toLowerCase()
      ? `spec.linkType ${linkType} is not the PF's, which is ${nic.linkType || 'not known'}`
      : undefined,
  ),
  {
    name: 'vDPA is for NICs that have it',
    check: ({ policy: { spec }, nic }) =>
      spec.vdpaType && nic.vendor !== VDPA_VENDOR
        ? `${nameOf(nic)}: spec.vdpaType ${spec.vdpaType} needs a NIC of vendor ${VDPA_VENDOR}, and this one's is ${nic.vendor}: narrow spec.nicSelector, or remove vdpaType`
        : undefined,
  },
];

/** A rule about what somebody else must have done already. */
function externalRule(
  field: string,
  check: (policy: ReadablePolicy, nic: ObservedInterface) => string | undefined,
): Rule<PolicyOnNic>[] {
  return [
    {
      name: `what is managed externally has the ${field} already`,
      check({ policy, nic }) {
        const fault = policy.spec.externallyManaged ? check(policy, nic) : undefined;
        return (
          fault &&
          `${nameOf(nic)}: ${fault}, and with externallyManaged it is not changed: change it on the host first, or here`
        );
      },
    },
  ];
}

/** The sentence of the first rule that is broken on a PF of a node, with the name of the node. */
export function findNicViolation({ policy, nodes }: Placement): string | undefined {
  for (const node of nodes) {
    for (const nic of node.selected) {
      const violation = firstViolation(NIC_RULES, { policy, nic });
      if (violation !== undefined) return `on node ${node.name}: ${violation}`;
    }
  }
  return undefined;
}

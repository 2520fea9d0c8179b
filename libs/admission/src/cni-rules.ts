import { type OVSNetworkSpec, type SriovNetworkSpec } from '@sriov/api';
import { findResourceNameFault } from '@sriov/selection';
import { findNamespaceFault } from './name-faults.ts';
import { type Rule } from './rule.ts';

/** The fields that the rules about pod start look at. Each kind of network has some of them. */
export interface AttachedSpec extends Partial<
  Pick<SriovNetworkSpec, 'vlan' | 'vlanQoS' | 'vlanProto' | 'minTxRate' | 'maxTxRate'>
> {
  readonly resourceName: string;
  readonly networkNamespace?: string | undefined;
  readonly trunk?: OVSNetworkSpec['trunk'];
  readonly mtu?: number | undefined;
}

/**
 * Rules about what the kubelet, the CNI plugin or the kernel refuses when a pod starts: sriov-cni when it reads its
 * configuration, ovs-cni when it reads the trunk, the kernel for rates. All but the one about the namespace are in the
 * CRDs as well.
 */
export const CNI_RULES: readonly Rule<{ readonly spec: AttachedSpec }>[] = [
  { name: 'the resource can be one', check: ({ spec: { resourceName } }) => findResourceFault(resourceName) },
  {
    name: 'the namespace can be one',
    check: ({ spec: { networkNamespace } }) =>
      networkNamespace ? findNamespaceFault('spec.networkNamespace', networkNamespace) : undefined,
  },
  {
    name: 'a VLAN priority has a VLAN',
    check: ({ spec: { vlan = 0, vlanQoS = 0 } }) =>
      vlanQoS > 0 && vlan === 0
        ? `spec.vlanQoS ${vlanQoS} needs a VLAN, and spec.vlan is 0: the CNI plugin refuses it at the start of a pod; set vlan, or remove vlanQoS`
        : undefined,
  },
  {
    name: 'a service VLAN has a VLAN',
    check: ({ spec: { vlan = 0, vlanProto } }) =>
      vlanProto?.toLowerCase() === '802.1ad' && vlan === 0
        ? `spec.vlanProto ${vlanProto} needs a VLAN, and spec.vlan is 0: the CNI plugin refuses it at the start of a pod; set vlan, or remove vlanProto`
        : undefined,
  },
  {
    name: 'the least rate is below the most',
    check: ({ spec: { minTxRate = 0, maxTxRate = 0 } }) =>
      maxTxRate > 0 && minTxRate > maxTxRate
        ? `spec.minTxRate ${minTxRate} is more than spec.maxTxRate ${maxTxRate}: the kernel refuses it at the start of a pod; lower minTxRate, or raise maxTxRate`
        : undefined,
  },
  { name: 'the trunk has VLANs', check: ({ spec: { trunk } }) => findTrunkFault(trunk ?? []) },
  {
    name: 'the MTU is one',
    check: ({ spec: { mtu = 0 } }) =>
      mtu < 0 ? `spec.mtu ${mtu} must be 1 or more: remove it to keep that of the VF` : undefined,
  },
];

/** People write the resource as pods ask for it, with the prefix that is put in front of it anyway. */
function findResourceFault(name: string): string | undefined {
  const bare = name.slice(name.lastIndexOf('/') + 1);
  return bare !== name && findResourceNameFault(bare) === undefined
    ? `spec.resourceName "${name}" has a prefix, which is put in front of it anyway: write ${bare}`
    : findResourceNameFault(name);
}

function findTrunkFault(trunk: NonNullable<OVSNetworkSpec['trunk']>): string | undefined {
  for (const [index, { minID = 0, maxID }] of trunk.entries()) {
    if (maxID !== undefined && minID > maxID) {
      return `spec.trunk[${index}]: minID ${minID} is more than maxID ${maxID}: the CNI plugin refuses it at the start of a pod; exchange the two`;
    }
  }
  const isVlan = trunk.some(({ minID = 0, maxID = 0, id }) => id !== undefined || (minID > 0 && maxID > 0));
  return trunk.length > 0 && !isVlan
    ? 'spec.trunk names no VLAN, which the CNI plugin refuses at the start of a pod: give id, or both minID and maxID from 1 on'
    : undefined;
}

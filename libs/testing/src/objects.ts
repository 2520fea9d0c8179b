import {
  type NodePolicySpec,
  type ObservedInterface,
  type SriovNetworkNodePolicy,
  type SriovNetworkPoolConfig,
} from '@sriov/api';

/** A policy for every node, 4 VFs of `r` unless `spec` says otherwise. */
export function policy(name: string, spec: Partial<NodePolicySpec> = {}): SriovNetworkNodePolicy {
  return {
    metadata: { name },
    spec: { resourceName: 'r', nodeSelector: {}, nicSelector: {}, numVfs: 4, deviceType: 'netdevice', ...spec },
  };
}

/** A pool for the nodes with these labels. */
export function pool(name: string, spec: SriovNetworkPoolConfig['spec'] = {}): SriovNetworkPoolConfig {
  return { metadata: { name }, spec };
}

/** An Ethernet PF that can have 64 VFs. */
export function nic(name: string, pciAddress: string, rest: Partial<ObservedInterface> = {}): ObservedInterface {
  return { name, pciAddress, vendor: '8086', deviceID: '1592', totalvfs: 64, ...rest };
}

/** The two ports that most cases are about; the first has an alternative name. */
export const PORTS = [nic('ens2f0', '0000:3b:00.0', { altNames: ['left'] }), nic('ens2f1', '0000:3b:00.1')];

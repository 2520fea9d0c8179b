import {
  type NodePolicySpec,
  type NodeStateSpec,
  type ObservedInterface,
  type SriovNetworkNodePolicy,
  type SriovNetworkPoolConfig,
} from '@sriov/api';
import { type Fleet, prepareFleet } from './fleet.ts';
import { type NodePlan, planNode } from './plan-node.ts';

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

/** A fleet with these policies. */
export function fleet(
  policies: readonly SriovNetworkNodePolicy[],
  rest: Partial<Parameters<typeof prepareFleet>[0]> = {},
): Fleet {
  return prepareFleet({
    policies,
    pools: [],
    operatorConfig: undefined,
    supportedNics: undefined,
    supportedNicsOnly: false,
    ...rest,
  });
}

/** The plan of a node that has reported, and these interfaces. */
export function plan(
  policies: readonly SriovNetworkNodePolicy[],
  node: {
    readonly interfaces?: readonly ObservedInterface[];
    readonly labels?: Record<string, string>;
    readonly spec?: NodeStateSpec;
    readonly config?: string;
    readonly vanished?: readonly string[];
    readonly fleet?: Partial<Parameters<typeof prepareFleet>[0]>;
  } = {},
): NodePlan & { readonly devicePluginConfig: string } {
  const { interfaces = PORTS, labels = {}, spec = {}, config, vanished = [] } = node;
  const state = { metadata: { name: 'n1' }, spec, status: { interfaces: [...interfaces], syncStatus: 'Succeeded' } };
  const facts = { name: 'n1', labels, state, devicePluginConfig: config, vanished: new Set(vanished) };
  const { devicePluginConfig, ...planned } = planNode(fleet(policies, node.fleet), facts);
  if (devicePluginConfig === undefined) throw new Error('a node that has reported is planned');
  return { ...planned, devicePluginConfig };
}

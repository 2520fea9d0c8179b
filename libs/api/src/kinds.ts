import { type CustomResource } from './object.ts';
import { OVS_NETWORK } from './ovs-network.ts';
import { SRIOV_IB_NETWORK } from './sriov-ib-network.ts';
import { SRIOV_NETWORK } from './sriov-network.ts';
import { SRIOV_NETWORK_NODE_POLICY } from './node-policy.ts';
import { SRIOV_NETWORK_NODE_STATE } from './node-state.ts';
import { SRIOV_NETWORK_POOL_CONFIG } from './pool-config.ts';
import { SRIOV_OPERATOR_CONFIG } from './operator-config.ts';

/** Our seven kinds; the CRDs in the chart are generated from this list. */
export const CUSTOM_RESOURCES: readonly CustomResource[] = [
  OVS_NETWORK,
  SRIOV_IB_NETWORK,
  SRIOV_NETWORK_NODE_POLICY,
  SRIOV_NETWORK_NODE_STATE,
  SRIOV_NETWORK_POOL_CONFIG,
  SRIOV_NETWORK,
  SRIOV_OPERATOR_CONFIG,
];

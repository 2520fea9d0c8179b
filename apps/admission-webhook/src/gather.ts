import { type AdmissionCluster } from '@sriov/admission';
import { SUPPORTED_NIC_CONFIG_MAP } from '@sriov/api';
import { type Caches } from './caches.ts';

/** Reads what verdicts depend on from the caches. */
export function gather(caches: Caches, namespace: string): AdmissionCluster {
  return {
    nodes: caches.nodes.store.list(),
    nodeStates: caches.nodeStates.store.list(),
    policies: caches.policies.store.list(),
    pools: caches.pools.store.list(),
    supportedNics: caches.supportedNics.store.get(`${namespace}/${SUPPORTED_NIC_CONFIG_MAP}`)?.data,
  };
}

import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { NODE } from '@sriov/kube';
import { type DrainPorts, OWN_NODE, WRITTEN } from './drain-ports.ts';

/**
 * Asks the API server for the versions that the two objects of the node have after a write whose answer was lost, and
 * expects the caches to show those. @throws {ApiError} where it does not answer
 */
export async function learnVersions(
  { client, expectations }: Pick<DrainPorts, 'client' | 'expectations'>,
  { metadata: { name, namespace = '' } }: SriovNetworkNodeState,
): Promise<void> {
  const [node, nodeState] = await Promise.all([
    client.get(NODE, { name }),
    client.get(SRIOV_NETWORK_NODE_STATE, { name, namespace }),
  ]);
  expectations.expect(OWN_NODE, WRITTEN.node, node.metadata.resourceVersion ?? '');
  expectations.expect(OWN_NODE, WRITTEN.nodeState, nodeState.metadata.resourceVersion ?? '');
}

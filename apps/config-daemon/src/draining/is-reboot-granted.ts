import { SRIOV_NETWORK_NODE_STATE } from '@sriov/api';
import { permission, readDrainState } from '@sriov/drain-protocol';
import { type KubeClient, NODE } from '@sriov/kube';
import { type Settings } from '../settings.ts';

/**
 * Asks the API server whether the node is granted a reboot now: what the caches show can be older than the last order
 * to stop. @throws {ApiError} {@link KubeClient} where the API server does not answer
 */
export async function isRebootGranted(
  client: Pick<KubeClient, 'get'>,
  { namespace, nodeName: name }: Pick<Settings, 'namespace' | 'nodeName'>,
): Promise<boolean> {
  const [node, nodeState] = await Promise.all([
    client.get(NODE, { name }),
    client.get(SRIOV_NETWORK_NODE_STATE, { namespace, name }),
  ]);
  const state = readDrainState({ node, nodeState });
  return typeof state !== 'string' && permission({ state }) === 'reboot';
}

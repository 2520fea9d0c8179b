import { ApiError, isNotFound, type KubeClient } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';
import { INFRASTRUCTURE, MACHINE_CONFIG_GROUP } from './kinds.ts';

/** What is asked by. */
interface Asks {
  readonly client: KubeClient;
  readonly log: Logger;
}

/**
 * Whether the cluster updates its nodes by MachineConfigPools: OpenShift does, unless its control plane is hosted
 * elsewhere (HyperShift), where nodes are replaced. On plain Kubernetes nothing of OpenShift is asked for: without rights
 * the answer would be a refusal, which tells nothing.
 * @throws {ApiError} 403 where it is OpenShift and a right is missing
 */
export async function hasMachineConfigPools({ client, log }: Asks): Promise<boolean> {
  const groups = await readGroups({ client, log });
  if (!groups.includes(MACHINE_CONFIG_GROUP) || !groups.includes(INFRASTRUCTURE.group)) return false;
  try {
    const { status } = await client.get(INFRASTRUCTURE, { name: 'cluster' });
    return status?.controlPlaneTopology !== HOSTED;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** OpenShift lets every account read them. Where that was taken away, drains of other clusters must not stop. */
async function readGroups({ client, log }: Asks): Promise<readonly string[]> {
  try {
    return await client.groups();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    log.warn({ err: error }, 'may not read the list of API groups (ClusterRole system:discovery): no pool is paused');
    return [];
  }
}

const HOSTED = 'External';

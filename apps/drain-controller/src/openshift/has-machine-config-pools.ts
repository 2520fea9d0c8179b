import { isNotFound, type KubeClient } from '@sriov/kube';
import { INFRASTRUCTURE, MACHINE_CONFIG_GROUP } from './kinds.ts';

/**
 * Whether the cluster updates its nodes by MachineConfigPools: OpenShift does, unless its control plane is hosted
 * elsewhere (HyperShift), where nodes are replaced. On plain Kubernetes nothing of OpenShift is asked for: without rights
 * the answer would be a refusal, which tells nothing.
 * @throws {ApiError} 403 where it is OpenShift and a right is missing
 */
export async function hasMachineConfigPools(client: KubeClient): Promise<boolean> {
  const groups = await client.groups();
  if (!groups.includes(MACHINE_CONFIG_GROUP) || !groups.includes(INFRASTRUCTURE.group)) return false;
  try {
    const { status } = await client.get(INFRASTRUCTURE, { name: 'cluster' });
    return status?.controlPlaneTopology !== HOSTED;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

const HOSTED = 'External';

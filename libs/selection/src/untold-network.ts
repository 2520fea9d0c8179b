import { type ObservedInterface } from '@sriov/api';
import { type ReadSelector } from './nic-selector.ts';

/**
 * Why a netFilter can select nothing on a node whose daemon does not report the networks of its ports. `undefined` for
 * a node that reports them, that has PFs of its own, or that has reported no devices.
 */
export function findUntoldNetwork(
  { netFilter }: Pick<ReadSelector, 'netFilter'>,
  nics: readonly ObservedInterface[],
): string | undefined {
  const isGuest = nics.length > 0 && nics.every((nic) => !nic.netFilter && !nic.totalvfs);
  return netFilter && isGuest
    ? 'spec.nicSelector.netFilter: no device of the node tells its network (status.interfaces[].netFilter), so nothing can be selected by it: it is no virtual machine of OpenStack or AWS, or its daemon cannot read the metadata of the platform, which the condition Ready of its SriovNetworkNodeState then says'
    : undefined;
}

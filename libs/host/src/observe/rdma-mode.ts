import { type ObservedHost } from '@sriov/observed-host';
import { type Kernel } from '../kernel/kernel.ts';
import { readAttribute } from '../kernel/sysfs.ts';

/** A boolean parameter: `Y` shares RDMA devices among namespaces. `rdma system set netns` changes it as well. */
const RDMA_NETNS_MODE = '/sys/module/ib_core/parameters/netns_mode';

/** How RDMA devices go with network namespaces; nothing where the RDMA core is not loaded. */
export async function readRdmaMode(kernel: Kernel): Promise<ObservedHost['rdmaMode']> {
  const isShared = await readAttribute(kernel, RDMA_NETNS_MODE);
  if (isShared === undefined) return undefined;
  return isShared === 'Y' ? 'shared' : 'exclusive';
}

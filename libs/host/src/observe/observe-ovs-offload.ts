import { messageOf } from '@sriov/errors';
import { type OvsOffload } from '@sriov/observed-host';
import { readOvsOffload } from '../drivers/ovs-offload.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';

/** Looks at the hardware offload of Open vSwitch; nothing where the node has no Open vSwitch, or it does not run. */
export async function observeOvsOffload(kernel: Kernel): Promise<OvsOffload | undefined> {
  try {
    return { kind: 'seen', ...(await readOvsOffload(kernel)) };
  } catch (error) {
    return isErrno(error, 'ENOENT', 'ECONNREFUSED') ? undefined : { kind: 'unseen', cause: messageOf(error) };
  }
}

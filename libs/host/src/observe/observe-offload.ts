import { omitUndefined } from '@sriov/api';
import { type ObservedOffload } from '@sriov/observed-host';
import { readFlowSteering, readTcOffload } from '../drivers/offload.ts';
import { faultOfHost } from '../kernel/host-error.ts';
import { type Kernel, KernelBlockedError } from '../kernel/kernel.ts';

/**
 * Looks at what hardware offload needs of a PF. What cannot be read hides nothing but itself, because VFs work without
 * it. @throws {KernelBlockedError} when a call about it is still in the kernel
 */
export async function observeOffload(kernel: Kernel, pciAddress: string, linkName: string): Promise<ObservedOffload> {
  const unknown: string[] = [];
  const orUnknown = async <T>(look: Promise<T>): Promise<T | undefined> => {
    try {
      return await look;
    } catch (error) {
      if (error instanceof KernelBlockedError) throw error;
      unknown.push(faultOfHost(error));
      return undefined;
    }
  };
  const tc = await orUnknown(readTcOffload(kernel, linkName));
  const steering = await orUnknown(readFlowSteering(kernel, `pci/${pciAddress}`));
  return omitUndefined({ tc, steering, unknown: unknown.length > 0 ? unknown : undefined });
}

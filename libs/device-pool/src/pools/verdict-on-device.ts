import { type ObservedDevice } from '@sriov/observed-host';
import { type HeldBack, type Withdrawal } from '@sriov/plugin-handover';
import { type ResourceConfig, type Selector } from '../config/resource-config.ts';
import { missingFor } from './fits.ts';

/** Why a device is not offered. `cause` is a part of a sentence that is the same for devices in the same plight. */
export interface Reason {
  readonly reason: HeldBack['reason'];
  readonly cause: string;
  /** The kubelet may list it as unhealthy although it was never offered: it is about to be. */
  readonly isPassing: boolean;
}

/** Why the device must not be given to a pod now, the most telling first; absent when it may. */
export function reasonAgainst(
  device: ObservedDevice,
  selector: Selector,
  {
    deviceType,
    withdrawn,
  }: { readonly deviceType: ResourceConfig['deviceType']; readonly withdrawn: readonly Withdrawal[] },
): Reason | undefined {
  const withdrawal = withdrawn.find((each) => isWithdrawn(device, each));
  if (withdrawal !== undefined) return { reason: 'Withdrawn', cause: withdrawal.because, isPassing: true };
  if (device.hostUses.length > 0) {
    return { reason: 'HostInterface', cause: 'the host uses it', isPassing: false };
  }
  const missing = missingFor(device, selector, deviceType);
  if (missing !== undefined) return { reason: 'WrongDriver', cause: missing, isPassing: false };
  if (device.parent?.isUp === false) {
    const { name = device.parent.pciAddress } = device.parent;
    return { reason: 'PfDown', cause: `the PF ${name} is down: set it up`, isPassing: true };
  }
  return undefined;
}

function isWithdrawn({ id, parent }: ObservedDevice, { pf, vfs }: Withdrawal): boolean {
  if (id === pf) return vfs === undefined;
  if (parent?.pciAddress !== pf) return false;
  // A VF whose index is not known may be any of them.
  return vfs === undefined || parent.index === undefined || vfs.includes(parent.index);
}

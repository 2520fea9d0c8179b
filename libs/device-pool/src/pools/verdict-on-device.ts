import { holderOf } from '@sriov/node-plan';
import { type ObservedDevice } from '@sriov/observed-host';
import { type HeldBackReason, type Withdrawal } from '@sriov/plugin-handover';

/** Why a device is not offered. `cause` is a part of a sentence that is the same for devices in the same plight. */
export interface Reason {
  readonly reason: HeldBackReason;
  readonly cause: string;
  /** The kubelet may list it as unhealthy although this process never offered it: another one may have. */
  readonly isPassing: boolean;
}

/**
 * Why the device must not be given to a pod now, the most telling first; absent when it may.
 * @param missing for it to be used as its resource asks
 */
export function reasonAgainst(
  device: ObservedDevice,
  missing: string | undefined,
  withdrawn: readonly Withdrawal[],
): Reason | undefined {
  const withdrawal = withdrawn.find((each) => isWithdrawn(device, each));
  if (withdrawal !== undefined) return { reason: 'Withdrawn', cause: withdrawal.because, isPassing: false };
  return hostUse(device) ?? wrongDriver(missing) ?? pfDown(device);
}

function isWithdrawn({ id, kind, parent }: ObservedDevice, { pf, vfs }: Withdrawal): boolean {
  if (vfs === undefined) return id === pf || parent?.pciAddress === pf;
  // An SF has a number that means no VF.
  if (parent?.pciAddress !== pf || kind === 'auxiliary') return false;
  // A VF whose index is not known may be any of them.
  return parent.index === undefined || vfs.includes(parent.index);
}

function hostUse({ hostUses, numVfs }: ObservedDevice): Reason | undefined {
  if (numVfs > 0) return { reason: 'HostInterface', cause: 'it is a PF with VFs', isPassing: false };
  const user = holderOf({ uses: hostUses });
  if (user === undefined) return undefined;
  const isCertain = hostUses.some(({ kind }) => kind !== 'unknown');
  return { reason: isCertain ? 'HostInterface' : 'Unreadable', cause: `in use by ${user}`, isPassing: false };
}

function wrongDriver(missing: string | undefined): Reason | undefined {
  return missing === undefined ? undefined : { reason: 'WrongDriver', cause: missing, isPassing: false };
}

function pfDown({ parent }: ObservedDevice): Reason | undefined {
  if (parent?.isUp !== false) return undefined;
  return { reason: 'PfDown', cause: `the PF ${parent.name ?? parent.pciAddress} is down: set it up`, isPassing: true };
}

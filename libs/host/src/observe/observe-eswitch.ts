import { type ObservedPf } from '@sriov/observed-host';
import { isErrno, type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { type Link } from '../drivers/links.ts';
import { type HostTables } from './host-tables.ts';

/**
 * Where devlink cannot be asked, the interface tells whether there is a switch to be in another mode: a driver without
 * one, or one in legacy mode, refuses to name it (ENOTSUP). Any other answer leaves the mode unknown.
 */
export async function observeESwitch(
  kernel: Kernel,
  { pciAddress, link }: { readonly pciAddress: string; readonly link: Link | undefined },
  { eSwitches: { modes, failures, failure } }: HostTables,
): Promise<Pick<ObservedPf, 'eSwitchMode' | 'eSwitchUnknown'>> {
  const eSwitchMode = modes.get(pciAddress);
  if (eSwitchMode !== undefined) return { eSwitchMode };
  const eSwitchUnknown = failures.get(pciAddress) ?? failure;
  if (eSwitchUnknown === undefined) return {};
  const isLegacy = link !== undefined && (await refusesToNameSwitch(kernel, link));
  return isLegacy ? {} : { eSwitchUnknown };
}

async function refusesToNameSwitch(kernel: Kernel, { name }: Link): Promise<boolean> {
  try {
    await kernel.read(`/sys/class/net/${name}/phys_switch_id`);
    return false;
  } catch (error) {
    if (error instanceof KernelBlockedError) throw error;
    return isErrno(error, 'ENOTSUP');
  }
}

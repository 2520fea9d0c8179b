import { omitUndefined } from '@sriov/api';
import { type ObservedPf, type SwitchPort } from '@sriov/observed-host';
import { isFaultOfHost } from '../kernel/host-error.ts';
import { isErrno, type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { type Link } from '../drivers/links.ts';
import { readAttribute } from '../kernel/sysfs.ts';
import { type HostTables } from './host-tables.ts';

/**
 * Where devlink cannot be asked, the interface tells whether there is a switch to be in another mode: a driver without
 * one, or one in legacy mode, refuses to name it (ENOTSUP). Any other answer leaves the mode unknown.
 * @throws {KernelBlockedError} when a call about the device is still in the kernel: nothing is done to it meanwhile
 */
export async function observeESwitch(
  kernel: Kernel,
  { pciAddress, link }: { readonly pciAddress: string; readonly link: Link | undefined },
  { devlink: { eSwitches, failures, blocked, failure } }: HostTables,
): Promise<Pick<ObservedPf, 'eSwitchMode' | 'eSwitchUnknown' | 'eSwitchHidden' | 'eSwitchHeaders' | 'switchPort'>> {
  const held = blocked.get(pciAddress);
  if (held !== undefined) throw held;
  const eSwitch = eSwitches.get(pciAddress);
  if (eSwitch !== undefined) {
    const { mode: eSwitchMode, ...headers } = eSwitch;
    const switchPort = eSwitchMode === 'switchdev' ? await readSwitchPort(kernel, link) : undefined;
    const hasHeaders = Object.keys(headers).length > 0;
    return omitUndefined({ eSwitchMode, eSwitchHeaders: hasHeaders ? headers : undefined, switchPort });
  }
  const eSwitchUnknown = failures.get(pciAddress) ?? failure;
  if (eSwitchUnknown === undefined) return {};
  const isLegacy = link !== undefined && (await refusesToNameSwitch(kernel, link));
  return isLegacy ? { eSwitchHidden: eSwitchUnknown } : { eSwitchUnknown };
}

/** Old versions of `ip` do not tell it. */
async function readSwitchPort(kernel: Kernel, link: Link | undefined): Promise<SwitchPort | undefined> {
  if (link === undefined) return undefined;
  const read = (name: string): Promise<string | undefined> =>
    readAttribute(kernel, `/sys/class/net/${link.name}/${name}`);
  const switchId = link.switchId ?? (await read('phys_switch_id'));
  const portName = link.portName ?? (await read('phys_port_name'));
  return switchId && portName ? { switchId, portName } : undefined;
}

async function refusesToNameSwitch(kernel: Kernel, { name }: Link): Promise<boolean> {
  try {
    await kernel.read(`/sys/class/net/${name}/phys_switch_id`);
    return false;
  } catch (error) {
    if (error instanceof KernelBlockedError || !isFaultOfHost(error)) throw error;
    return isErrno(error, 'ENOTSUP');
  }
}

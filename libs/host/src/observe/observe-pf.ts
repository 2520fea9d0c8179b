import { type LinkType, omitUndefined } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { findRepresentors } from '../drivers/representors.ts';
import { isVfFolder } from '../drivers/sriov.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { PCI_DEVICES, readIfThere } from '../kernel/sysfs.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';
import { type DeviceInterfaces } from '../uses/device-interfaces.ts';
import { findDeviceInterfaces, type UsedDevice, usesOfDevice } from '../uses/device-uses.ts';
import { type HostTables } from './host-tables.ts';
import { observeESwitch } from './observe-eswitch.ts';
import { observeAssignment, observeLink, observeSpeed, pickUplink, withPortNames } from './observe-link.ts';
import { observeOffload } from './observe-offload.ts';
import { observeSriov } from './observe-vfs.ts';
import { readBinding, readIds } from './pci-facts.ts';

/** As class_show of drivers/pci/pci-sysfs.c prints it. */
const PCI_CLASS = /^0x[0-9a-f]{6}$/i;
/** Base class of PCI network controllers: Ethernet, InfiniBand and others. */
const NETWORK_CLASS = /^0x02/;

/** Looks at a network device that is not a VF; nothing for any other. @throws {KernelError} when it cannot be looked at */
export async function observePf(
  kernel: Kernel,
  pciAddress: string,
  tables: HostTables,
): Promise<ObservedPf | undefined> {
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const found = await findPf(kernel, pciAddress, tables);
  if (found === undefined) return undefined;
  const { deviceClass, names } = found;
  const interfaces = await findDeviceInterfaces(kernel, { pciAddress, folder, names }, tables);
  const [ids, { driver, iommuGroup }, links] = await Promise.all([
    readIds(kernel, folder),
    readBinding(kernel, { pciAddress, names }),
    withPortNames(kernel, interfaces.links),
  ]);
  const link = pickUplink(links);
  // Representors of its VFs are no use of the PF.
  const own: DeviceInterfaces = { ...interfaces, links: link ? [link] : [] };
  const uses = await usesOfPf(
    kernel,
    { pciAddress, interfaces: own, files: { folder, names, driver, iommuGroup } },
    tables,
  );
  const linkType = link?.linkType || linkTypeOfClass(deviceClass);
  const eSwitch = await observeESwitch(kernel, { pciAddress, link }, tables);
  const representors = eSwitch.eSwitchMode === 'switchdev' ? findRepresentors(pciAddress, links, tables.ports) : NONE;
  return omitUndefined({
    pciAddress,
    ...ids,
    driver,
    iommuGroup,
    linkType,
    link: link && {
      ...observeLink(link),
      ...(await observeAssignment(kernel, link)),
      ...(await observeSpeed(kernel, link)),
    },
    sriov: await observeSriov(
      kernel,
      { pciAddress, vendor: ids.vendor, names, linkType, told: link?.vfs, representors },
      tables,
    ),
    ...eSwitch,
    offload:
      link && tables.offloading.has(pciAddress) ? await observeOffload(kernel, pciAddress, link.name) : undefined,
    uses,
  });
}

const NONE: ReadonlyMap<number, string> = new Map();

/** A device that can have no VFs can be given to a pod itself, as the port of a virtual machine is. */
async function usesOfPf(
  kernel: Kernel,
  { files, ...pf }: UsedDevice & Required<Pick<UsedDevice, 'files'>>,
  tables: HostTables,
): Promise<ObservedPf['uses']> {
  const canHaveVfs = files.names.includes('sriov_totalvfs');
  const uses = await usesOfDevice(kernel, canHaveVfs ? pf : { ...pf, files }, tables);
  return uses.length > 0 ? uses : undefined;
}

/** PCI class of a network device that is not a VF, and what its folder has; nothing for any other device. */
async function findPf(
  kernel: Kernel,
  pciAddress: string,
  { folders }: HostTables,
): Promise<{ readonly deviceClass: string; readonly names: readonly string[] } | undefined> {
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const deviceClass = await readIfThere(kernel, `${folder}/class`);
  if (deviceClass === undefined) return undefined;
  // Nobody can tell that such a device is none of ours.
  if (!PCI_CLASS.test(deviceClass)) {
    const why = `it has no 0x with six hex digits behind it, but ${JSON.stringify(deviceClass)}`;
    throw new NotUnderstoodError(`${folder}/class`, why);
  }
  if (!NETWORK_CLASS.test(deviceClass)) return undefined;
  const names = await folders.of(pciAddress);
  return isVfFolder(names) ? undefined : { deviceClass, names };
}

/** 0x0207 is InfiniBand; a port without a network interface tells no more. */
function linkTypeOfClass(deviceClass: string): LinkType {
  return deviceClass.startsWith('0x0207') ? 'IB' : '';
}

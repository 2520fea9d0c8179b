import { type Kernel } from '../kernel/kernel.ts';
import { listNames } from '../kernel/sysfs.ts';

/** Folders below a device whose entries are named as its files in /dev are. */
const FOLDERS = ['vfio-dev', 'infiniband_verbs', 'infiniband_mad', 'uio'];

/** A device as its folder in sysfs shows it. */
interface DeviceFolder {
  readonly folder: string;
  /** Names in the folder. */
  readonly names: readonly string[];
  readonly driver: string | undefined;
  readonly iommuGroup: number | undefined;
}

/**
 * Names of the device files by which a program can use a device, as {@link findHolders} tells them: the number of its
 * IOMMU group for VFIO, `vfio3`, `uverbs2`, `vhost-vdpa-0` and others.
 */
export async function deviceFilesOf(kernel: Kernel, device: DeviceFolder): Promise<string[]> {
  const { folder, names, driver, iommuGroup } = device;
  const there = FOLDERS.filter((name) => names.includes(name));
  const files = await Promise.all(there.map((name) => listNames(kernel, `${folder}/${name}`)));
  const isVfio = names.includes('vfio-dev') || driver?.includes('vfio') === true;
  return [...(isVfio ? [String(iommuGroup)] : []), ...files.flat()];
}

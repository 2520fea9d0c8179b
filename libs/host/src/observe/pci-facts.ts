import { omitUndefined } from '@sriov/api';
import { type ObservedVf } from '@sriov/observed-host';
import { readDriver } from '../drivers/driver-binding.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { countOf, PCI_DEVICES, readLinkName } from '../kernel/sysfs.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';

/**
 * The ids of a PCI device, each four lower-case hex digits.
 * @throws {KernelError} when they cannot be read; {@link NotUnderstoodError} when a file has something else
 */
export async function readIds(kernel: Kernel, device: string): Promise<{ vendor: string; deviceId: string }> {
  const [vendor, deviceId] = await Promise.all([
    readId(kernel, `${device}/vendor`),
    readId(kernel, `${device}/device`),
  ]);
  return { vendor, deviceId };
}

/** `"0x8086\n"` → `"8086"` (vendor and device in drivers/pci/pci-sysfs.c). */
async function readId(kernel: Kernel, path: string): Promise<string> {
  const text = (await kernel.read(path)).trim();
  const [, id] = /^0x([0-9a-f]{4})$/i.exec(text) ?? [];
  if (id === undefined) {
    throw new NotUnderstoodError(path, `it has no 0x with four hex digits behind it, but ${JSON.stringify(text)}`);
  }
  return id.toLowerCase();
}

/** What a PCI device is bound to, by the names in its folder: the driver, and the IOMMU group; each absent without one. */
export async function readBinding(
  kernel: Kernel,
  { pciAddress, names }: { readonly pciAddress: string; readonly names: readonly string[] },
): Promise<Pick<ObservedVf, 'driver' | 'iommuGroup'>> {
  const [driver, iommuGroup] = await Promise.all([
    names.includes('driver') ? readDriver(kernel, pciAddress) : undefined,
    names.includes('iommu_group') ? readIommuGroup(kernel, `${PCI_DEVICES}/${pciAddress}`) : undefined,
  ]);
  return omitUndefined({ driver, iommuGroup });
}

/** The IOMMU group of a PCI device; nothing without an IOMMU. */
async function readIommuGroup(kernel: Kernel, device: string): Promise<number | undefined> {
  const path = `${device}/iommu_group`;
  const name = await readLinkName(kernel, path);
  return name === undefined ? undefined : countOf(name, path);
}

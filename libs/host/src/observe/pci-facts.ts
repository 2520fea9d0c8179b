import { type Kernel } from '../kernel/kernel.ts';
import { countOf, readLinkName } from '../kernel/sysfs.ts';
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

/** The IOMMU group of a PCI device; nothing without an IOMMU. */
export async function readIommuGroup(kernel: Kernel, device: string): Promise<number | undefined> {
  const path = `${device}/iommu_group`;
  const name = await readLinkName(kernel, path);
  return name === undefined ? undefined : countOf(name, path);
}

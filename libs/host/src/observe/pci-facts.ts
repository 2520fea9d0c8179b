import { type Kernel } from '../kernel/kernel.ts';
import { readLinkName } from '../kernel/sysfs.ts';

/** The ids of a PCI device, each four lower-case hex digits. @throws {KernelError} */
export async function readIds(kernel: Kernel, device: string): Promise<{ vendor: string; deviceId: string }> {
  const [vendor, deviceId] = await Promise.all([kernel.read(`${device}/vendor`), kernel.read(`${device}/device`)]);
  return { vendor: hexId(vendor), deviceId: hexId(deviceId) };
}

/** `"0x8086\n"` → `"8086"`. */
function hexId(text: string): string {
  return text.trim().replace(/^0x/, '').toLowerCase();
}

/** The IOMMU group of a PCI device; nothing without an IOMMU. */
export async function readIommuGroup(kernel: Kernel, device: string): Promise<number | undefined> {
  const name = await readLinkName(kernel, `${device}/iommu_group`);
  return name === undefined ? undefined : Number(name);
}

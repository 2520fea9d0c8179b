import { type Kernel } from '../kernel/kernel.ts';
import { listNames, PCI_DEVICES } from '../kernel/sysfs.ts';

/** Names of the network interfaces of a PCI device in the host's namespace, those of a virtio device on it among them. */
export async function listInterfaces(kernel: Kernel, pciAddress: string): Promise<string[]> {
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const virtio = (await listNames(kernel, folder)).filter((name) => /^virtio\d+$/.test(name));
  const folders = [`${folder}/net`, ...virtio.map((name) => `${folder}/${name}/net`)];
  return (await Promise.all(folders.map((each) => listNames(kernel, each)))).flat();
}

import { type Kernel } from './kernel.ts';
import { listNames, PCI_DEVICES } from './sysfs.ts';

/**
 * What the folders of PCI devices have, each listed once in a look: whoever tells a VF from a PF by its folder has listed
 * it already when the VF is looked at by way of its PF.
 */
export class FolderLists {
  readonly #kernel: Kernel;
  readonly #names = new Map<string, Promise<readonly string[]>>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Names in the folder of the device; none when there is no such device. @throws {KernelError} */
  of(pciAddress: string): Promise<readonly string[]> {
    const known = this.#names.get(pciAddress);
    if (known !== undefined) return known;
    const names = listNames(this.#kernel, `${PCI_DEVICES}/${pciAddress}`);
    this.#names.set(pciAddress, names);
    return names;
  }
}

import { EffectError, type Kernel } from '../kernel/kernel.ts';
import { readAttribute } from '../kernel/sysfs.ts';
import { loadModule, ModuleError } from './modules.ts';

/** A boolean parameter that can be written while vfio is loaded (drivers/vfio/vfio_main.c, CONFIG_VFIO_NOIOMMU). */
const PARAMETER = '/sys/module/vfio/parameters/enable_unsafe_noiommu_mode';

/**
 * Lets vfio-pci bind devices that are in no IOMMU group. A program that has such a device can write to any memory, and
 * the kernel is tainted when one is bound.
 * @throws {ModuleError} when vfio cannot be loaded, or is built without that mode
 */
export async function allowNoIommu(kernel: Kernel): Promise<void> {
  await loadModule(kernel, 'vfio');
  const present = await readAttribute(kernel, PARAMETER);
  if (present === undefined) {
    throw new ModuleError(
      'the kernel has no mode of VFIO without an IOMMU (it is built without CONFIG_VFIO_NOIOMMU): give the virtual machine an IOMMU, or use deviceType netdevice',
    );
  }
  if (present === 'Y') return;
  await kernel.write(PARAMETER, 'Y');
  if ((await readAttribute(kernel, PARAMETER)) === 'Y') return;
  const detail = 'the mode of VFIO without an IOMMU was to be enabled, and is not';
  throw new EffectError({ verb: 'write', path: PARAMETER, detail });
}

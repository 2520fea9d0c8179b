import { omitUndefined } from '@sriov/api';
import { type Dmi } from '@sriov/observed-host';
import { type Kernel } from '../kernel/kernel.ts';
import { readAttribute } from '../kernel/sysfs.ts';

/** The tables of the firmware (drivers/firmware/dmi-id.c); machines without DMI have no such folder. */
const FOLDER = '/sys/class/dmi/id';

/** Reads what the firmware says of the machine. @throws {KernelError} when it does and cannot be read */
export async function readDmi(kernel: Kernel): Promise<Dmi> {
  const [sysVendor, productName, chassisAssetTag, biosVersion] = await Promise.all(
    ['sys_vendor', 'product_name', 'chassis_asset_tag', 'bios_version'].map((name) =>
      readAttribute(kernel, `${FOLDER}/${name}`),
    ),
  );
  return omitUndefined({ sysVendor, productName, chassisAssetTag, biosVersion });
}

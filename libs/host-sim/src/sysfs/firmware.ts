import { type Machine } from '../machine/machine.ts';
import { constant, type Entries, folder, type Folder } from '../tree.ts';

/** `/sys/class/dmi/id` (drivers/firmware/dmi-id.c); none where the world tells nothing of the firmware. */
export function dmiClass({ world: { dmi } }: Machine): Folder | undefined {
  const entries = Object.entries(dmi).map(([name, text]) => [name, constant(`${text}\n`)] as const);
  return entries.length === 0 ? undefined : folder({ id: folder(Object.fromEntries(entries)) });
}

/** `/sys/class/block`: the config drive is the only disk that a world tells of. */
export function blockClass({ world: { configDrive } }: Machine): Folder {
  return folder(
    configDrive === undefined ? {} : { [configDrive.name]: folder({ dev: constant(`${CDROM_NUMBER}\n`) }) },
  );
}

/** Major number of SCSI CD-ROMs (Documentation/admin-guide/devices.txt). */
const CDROM_NUMBER = '11:0';

/** `/run/udev/data`: what udev knows of a block device is in a file by its number (systemd, device-private.c). */
export function udevDatabase({ world: { configDrive } }: Machine): Entries {
  if (configDrive === undefined) return {};
  const lines = ['S:disk/by-label/config-2', 'E:ID_FS_TYPE=iso9660', 'E:ID_FS_LABEL=config-2'];
  return { data: folder({ [`b${CDROM_NUMBER}`]: constant(`${lines.join('\n')}\n`, 0o644) }) };
}

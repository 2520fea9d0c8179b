import { omitUndefined } from '@sriov/api';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { listNames, readLinkName } from '../kernel/sysfs.ts';

const DEVICES = '/sys/bus/vdpa/devices';

/** What vDPA devices add to the device that they were made from. */
export interface VdpaParts {
  /** Names of device files, such as `vhost-vdpa-0`. */
  readonly files: readonly string[];
  /** Folders `net` of the kernel's own virtio on top of a vDPA device. */
  readonly netFolders: readonly string[];
  /** The vDPA devices themselves, in order of name. */
  readonly devices: readonly VdpaOn[];
}

/** A vDPA device, and what it was made from. */
interface VdpaOn {
  readonly name: string;
  /** The PCI device, or the subfunction on it. */
  readonly on: string;
  /** Absent when none is bound. */
  readonly driver?: string;
}

/** The vDPA devices of PCI devices, by the address of these. */
export async function readVdpaParts(kernel: Kernel): Promise<ReadonlyMap<string, VdpaParts>> {
  const parts = new Map<string, VdpaParts>();
  for (const name of await listNames(kernel, DEVICES)) {
    // One that is removed during the look is nobody's any more.
    const target = await kernel.readlink(`${DEVICES}/${name}`).catch(ignoreGone);
    const parent = target.match(/[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7](?=\/)/g)?.at(-1);
    if (parent === undefined) continue;
    const below = await listNames(kernel, `${DEVICES}/${name}`);
    const known = parts.get(parent) ?? { files: [], netFolders: [], devices: [] };
    const driver = below.includes('driver') ? await readLinkName(kernel, `${DEVICES}/${name}/driver`) : undefined;
    const virtio = below.filter((each) => /^virtio\d+$/.test(each));
    parts.set(parent, {
      files: [...known.files, ...below.filter((each) => /^vhost-vdpa-\d+$/.test(each))],
      devices: [...known.devices, omitUndefined({ name, on: target.split('/').at(-2) ?? parent, driver })],
      netFolders: [...known.netFolders, ...virtio.map((each) => `${DEVICES}/${name}/${each}/net`)],
    });
  }
  return parts;
}

function ignoreGone(error: unknown): string {
  if (isErrno(error, 'ENOENT', 'ENODEV')) return '';
  throw error;
}

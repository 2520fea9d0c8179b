import { type HostNetwork } from './host-network.ts';
import { faultOfHost } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { type Link } from '../drivers/links.ts';
import { listNames } from '../kernel/sysfs.ts';

/** The network interfaces of a device. */
export interface DeviceInterfaces {
  /** Those in the host's network namespace. */
  readonly links: readonly Link[];
  /** Those of virtio on top of a vDPA device; absent where there are none. */
  readonly ofVdpa?: readonly Link[];
  /** Names of interfaces that stand on one of them, by the name of that one. */
  readonly uppers: ReadonlyMap<string, readonly string[]>;
  /** The device has an interface in another network namespace. */
  readonly isElsewhere: boolean;
  /** Why it is not known whether this is all. */
  readonly unknown?: string;
}

/** Looks at an interface that is just being made or renamed before it counts as unknown. */
const LOOKS = 3;

/**
 * Finds the interfaces of a device: by their names in sysfs, which every kernel has, and by what `ip` says where it
 * does. `folders` are the folders `net` below the device: one that is empty tells that the interface is in another
 * network namespace.
 */
export async function findInterfaces(
  kernel: Kernel,
  device: { readonly pciAddress: string; readonly folders: readonly string[] },
  network: HostNetwork,
): Promise<DeviceInterfaces> {
  try {
    return await lookUntilKnown(kernel, device, network);
  } catch (error) {
    const unknown = `its network interfaces cannot be listed (${faultOfHost(error)})`;
    return { links: network.ofDevice(device.pciAddress), uppers: new Map(), isElsewhere: false, unknown };
  }
}

async function lookUntilKnown(
  kernel: Kernel,
  { pciAddress, folders }: { readonly pciAddress: string; readonly folders: readonly string[] },
  network: HostNetwork,
): Promise<DeviceInterfaces> {
  for (let look = 1; ; look += 1) {
    const { version } = network;
    const listed = (await Promise.all(folders.map((folder) => listFolder(kernel, folder)))).flatMap(
      (each) => each ?? [],
    );
    const names = listed.flatMap((each) => each.names);
    const told = network.ofDevice(pciAddress);
    const missing = names.filter((name) => network.named(name) === undefined);
    if (missing.length > 0 && look < LOOKS) {
      await network.refresh(version);
      continue;
    }
    const isUnknown = missing.length > 0 && told.length === 0;
    return {
      links: [...new Set([...names.flatMap((name) => network.named(name) ?? []), ...told])],
      uppers: await listUppers(kernel, listed),
      isElsewhere: listed.some((each) => each.names.length === 0),
      ...(isUnknown && { unknown: `its network interface ${missing.join(', ')} is not among those that ip lists` }),
    };
  }
}

interface NetFolder {
  readonly folder: string;
  readonly names: readonly string[];
}

/** Nothing when the folder is gone, as it is when the driver was just unbound. */
async function listFolder(kernel: Kernel, folder: string): Promise<NetFolder | undefined> {
  try {
    return { folder, names: await kernel.list(folder) };
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

/** `upper_NAME` for each interface on top, of whatever kind: the kernel keeps them for all alike. */
async function listUppers(
  kernel: Kernel,
  listed: readonly NetFolder[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const own = listed.flatMap(({ folder, names }) => names.map((name) => ({ name, path: `${folder}/${name}` })));
  const entries = await Promise.all(
    own.map(async ({ name, path }) => {
      const below = await listNames(kernel, path);
      return [name, below.flatMap((each) => /^upper_(.+)$/.exec(each)?.[1] ?? [])] as const;
    }),
  );
  return new Map(entries);
}

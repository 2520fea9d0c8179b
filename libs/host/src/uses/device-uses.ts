import { omitUndefined } from '@sriov/api';
import { type DeviceUse } from '@sriov/observed-host';
import { deviceFilesOf } from './device-files.ts';
import { type DeviceInterfaces, findInterfaces } from './device-interfaces.ts';
import { findHolders, type Holders } from './holders.ts';
import { HostNetwork } from './host-network.ts';
import { faultOfHost } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { type Allocations, readAllocations } from './pod-resources.ts';
import { readVdpaParts, type VdpaParts } from './vdpa-parents.ts';

/** Facts about the use of devices that are read once for all of them. */
export interface UseTables {
  readonly network: HostNetwork;
  readonly vdpa: ReadonlyMap<string, VdpaParts>;
  /** Why vDPA devices could not be read: then `vdpa` says nothing. */
  readonly vdpaUnknown?: string;
  /** Absent where a look is not a close one; so is the next. */
  readonly allocations?: Allocations;
  /** Searches the processes of the host, once. */
  readonly findHolders?: () => Promise<Holders>;
}

/** Reads the tables. A close look takes longer: it asks the kubelet, and may search all processes. */
export async function readUseTables(kernel: Kernel, isClose: boolean): Promise<UseTables> {
  const [network, vdpa, allocations] = await Promise.all([
    HostNetwork.read(kernel),
    orUnknown(readVdpaParts(kernel)),
    isClose ? readAllocations(kernel) : undefined,
  ]);
  if (allocations === undefined) return { network, ...vdpa };
  let holders: Promise<Holders> | undefined;
  return { network, ...vdpa, allocations, findHolders: () => (holders ??= findHolders(kernel)) };
}

/** Other devices than those that have some can do without. */
async function orUnknown(parts: Promise<UseTables['vdpa']>): Promise<Pick<UseTables, 'vdpa' | 'vdpaUnknown'>> {
  try {
    return { vdpa: await parts };
  } catch (error) {
    return { vdpa: new Map(), vdpaUnknown: `the vDPA devices of the host cannot be read (${faultOfHost(error)})` };
  }
}

/** Finds the network interfaces of a device, those of virtio and vDPA devices on it among them. */
export async function findDeviceInterfaces(
  kernel: Kernel,
  device: { readonly pciAddress: string; readonly folder: string; readonly names: readonly string[] },
  { network, vdpa }: UseTables,
): Promise<DeviceInterfaces> {
  const { pciAddress, folder, names } = device;
  const virtio = names.filter((name) => /^virtio\d+$/.test(name)).map((name) => `${folder}/${name}/net`);
  const own = names.includes('net') ? [`${folder}/net`] : [];
  const found = await findInterfaces(kernel, { pciAddress, folders: [...own, ...virtio] }, network);
  const folders = vdpa.get(pciAddress)?.netFolders ?? [];
  if (folders.length === 0) return found;
  return withVdpa(found, await findInterfaces(kernel, { pciAddress: NO_DEVICE, folders }, network));
}

/** What `ip` tells of a PCI device is told of it already. */
const NO_DEVICE = '';

function withVdpa(found: DeviceInterfaces, ofVdpa: DeviceInterfaces): DeviceInterfaces {
  return omitUndefined({
    links: [...new Set([...found.links, ...ofVdpa.links])],
    ofVdpa: ofVdpa.links,
    uppers: new Map([...found.uppers, ...ofVdpa.uppers]),
    isElsewhere: found.isElsewhere || ofVdpa.isElsewhere,
    unknown: found.unknown ?? ofVdpa.unknown,
  });
}

/** A device whose users are looked for. */
export interface UsedDevice {
  readonly pciAddress: string;
  readonly interfaces: DeviceInterfaces;
  /** Where to find the device files by which programs use it; absent for a PF, for which they do not count. */
  readonly files?: Parameters<typeof deviceFilesOf>[1];
}

/** Everybody who uses a device or may use it, the most telling first. What cannot be read is among them. */
export async function usesOfDevice(kernel: Kernel, device: UsedDevice, tables: UseTables): Promise<DeviceUse[]> {
  const { interfaces, pciAddress } = device;
  const { allocations, network } = tables;
  const pod = allocations?.byDevice.get(pciAddress);
  // A PF without VFs would else never get any while the kubelet is away.
  const causes = [
    device.files && allocations?.unknown,
    // Without a driver there is nothing that a vDPA device could be made of.
    device.files?.driver && tables.vdpaUnknown,
    interfaces.unknown,
  ].filter((cause) => cause !== undefined);
  return [
    ...(pod === undefined ? [] : [{ kind: 'allocated', to: pod } as const]),
    ...(device.files ? await usesByPrograms(kernel, { ...device.files, pciAddress }, tables) : []),
    ...(interfaces.isElsewhere ? [{ kind: 'namespace' } as const] : []),
    ...interfaces.links.flatMap((link) => network.usesOf(link, interfaces.uppers.get(link.name))),
    ...causes.map((cause) => ({ kind: 'unknown', cause }) as const),
  ];
}

/** Programs that use a device on a VFIO driver have the file of its group open, or its own, and neither is known. */
function hidesItsUsers({ driver, iommuGroup, names }: Parameters<typeof deviceFilesOf>[1]): boolean {
  return driver?.includes('vfio') === true && iommuGroup === undefined && !names.includes('vfio-dev');
}

async function usesByPrograms(
  kernel: Kernel,
  device: Parameters<typeof deviceFilesOf>[1] & { readonly pciAddress: string },
  tables: UseTables,
): Promise<DeviceUse[]> {
  if (tables.findHolders === undefined) return [];
  if (hidesItsUsers(device)) {
    return [{ kind: 'unknown', cause: `it is bound to ${device.driver}, and its iommu_group cannot be read` }];
  }
  const files = [...(await deviceFilesOf(kernel, device)), ...(tables.vdpa.get(device.pciAddress)?.files ?? [])];
  if (files.length === 0) return [];
  const { byFile, unknown } = await tables.findHolders();
  const holders = new Map(files.flatMap((file) => byFile.get(file) ?? []).map((holder) => [holder.pid, holder]));
  if (holders.size === 0 && unknown !== undefined) return [{ kind: 'unknown', cause: unknown }];
  return [...holders.values()].map(({ pid, command }) => ({ kind: 'process', pid, command }));
}

import { type Link } from '../drivers/links.ts';
import { readDriver } from '../drivers/driver-binding.ts';
import { isVfFolder, readVfLinks } from '../drivers/sriov.ts';
import { NotObservedError } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { listNames, PCI_DEVICES, readAttribute, readLinkName } from '../kernel/sysfs.ts';
import { type DeviceInterfaces } from '../uses/device-interfaces.ts';
import { findDeviceInterfaces, type UseTables } from '../uses/device-uses.ts';

/** What a PCI device, or a subfunction on one, shows of itself. */
export interface DevicePart {
  readonly folder: string;
  readonly isRdma: boolean;
  /** Its own interfaces; representors of VFs and SFs are not among them. */
  readonly interfaces: DeviceInterfaces;
}

/** A PCI device that can be handed out, before it is known what it takes from its PF. */
export interface PciDevice extends DevicePart {
  readonly pciAddress: string;
  readonly kind: 'net' | 'accelerator';
  readonly vendor: string;
  readonly deviceId: string;
  readonly driver: string | undefined;
  readonly numaNode: number | undefined;
  readonly acpiIndex: string | undefined;
  /** Address of its PF; absent when it is not a VF. */
  readonly physfn: string | undefined;
  /** Addresses of its own VFs by index. */
  readonly vfs: ReadonlyMap<number, string>;
  /** The interface that stands for it: that of the uplink where the eSwitch is in switchdev mode. */
  readonly uplink: Link | undefined;
  readonly subfunctions: readonly Subfunction[];
}

/** A subfunction (SF) of a network device. */
export interface Subfunction extends DevicePart {
  /** Such as `mlx5_core.sf.4`. */
  readonly id: string;
  /** Its number, which whoever made it chose; absent where the kernel tells none. */
  readonly number: number | undefined;
}

/**
 * Reads a PCI device; nothing when it is none that can be handed out, or a VF that is being removed.
 * @throws {KernelError} when it is there and cannot be read; {@link Error} when what it says of itself makes no sense
 */
export async function readPciDevice(
  kernel: Kernel,
  pciAddress: string,
  tables: UseTables,
): Promise<PciDevice | undefined> {
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const { kind, vendor, deviceId } = readModalias(await kernel.read(`${folder}/modalias`));
  if (kind === undefined) return undefined;
  const names = await kernel.list(folder);
  const isThere = (name: string): boolean => names.includes(name);
  // The link goes first when a VF is removed, which takes as long as a program holds it.
  if (isVfFolder(names) && !isThere('physfn')) return undefined;
  const [driver, numaNode, acpiIndex, physfn, vfs, own] = await Promise.all([
    isThere('driver') ? readDriver(kernel, pciAddress) : undefined,
    readNumaNode(kernel, folder),
    isThere('acpi_index') ? readAttribute(kernel, `${folder}/acpi_index`) : undefined,
    isThere('physfn') ? readLinkName(kernel, `${folder}/physfn`) : undefined,
    readVfLinks(kernel, pciAddress, names),
    readInterfaces(kernel, { id: pciAddress, folder, names }, tables),
  ]);
  return {
    pciAddress,
    folder,
    kind,
    vendor,
    deviceId,
    driver,
    numaNode,
    acpiIndex: acpiIndex || undefined,
    physfn,
    vfs,
    isRdma: hasRdma(names),
    ...own,
    subfunctions: kind === 'net' ? await readSubfunctions(kernel, { folder, names }, tables) : [],
  };
}

/** `pci:v00008086d000010CAsv00001AF4sd00001100bc02sc00i00` (drivers/pci/pci-sysfs.c, modalias_show). */
const MODALIAS = /^pci:v0000([0-9A-F]{4})d0000([0-9A-F]{4})sv[0-9A-F]{8}sd[0-9A-F]{8}bc([0-9A-F]{2})/i;

/** PCI base classes of devices that can be handed out: network controllers, and processing accelerators. */
const KINDS: Readonly<Record<string, PciDevice['kind']>> = { '02': 'net', '12': 'accelerator' };

/** One file that never blocks tells vendor, device and class. */
function readModalias(text: string): Pick<PciDevice, 'vendor' | 'deviceId'> & { kind: PciDevice['kind'] | undefined } {
  const [, vendor, deviceId, baseClass] = MODALIAS.exec(text) ?? [];
  if (vendor === undefined || deviceId === undefined || baseClass === undefined) {
    throw new NotObservedError(`its modalias ${JSON.stringify(text.trim())} cannot be understood`);
  }
  return { kind: KINDS[baseClass], vendor: vendor.toLowerCase(), deviceId: deviceId.toLowerCase() };
}

/** -1 stands for "the firmware tells none". */
async function readNumaNode(kernel: Kernel, folder: string): Promise<number | undefined> {
  return parseNumber(await readAttribute(kernel, `${folder}/numa_node`));
}

/**
 * Folders that stand below a device while its driver has made an RDMA device of it. Like `net`, `infiniband` shows only
 * what is in the reader's network namespace, and is empty while the RDMA device is in that of a pod: drivers/base/core.c
 * keeps the folder of a class as long as the class has a device of this parent, in whatever namespace, and ib_class has
 * namespaces (drivers/infiniband/core/device.c).
 */
const RDMA_FOLDERS = ['infiniband', 'infiniband_verbs'];

function hasRdma(names: readonly string[]): boolean {
  return RDMA_FOLDERS.some((name) => names.includes(name));
}

interface DeviceFolder {
  readonly id: string;
  readonly folder: string;
  readonly names: readonly string[];
}

/** @throws {NotObservedError} when an interface is there and not known: the name of a PF, or a use by the host, could be missing */
async function readInterfaces(
  kernel: Kernel,
  { id, folder, names }: DeviceFolder,
  tables: UseTables,
): Promise<Pick<PciDevice, 'interfaces' | 'uplink'>> {
  const found = await findDeviceInterfaces(kernel, { pciAddress: id, folder, names }, tables);
  if (found.unknown !== undefined) throw new NotObservedError(found.unknown);
  return {
    interfaces: { ...found, links: found.links.filter((link) => !isRepresentor(link)) },
    uplink: pickUplink(found.links),
  };
}

/** As drivers name the port of an uplink: p0, p1 and so on. Those of VFs and SFs are named pf0vf1, pf0sf88. */
const UPLINK = /^p\d+$/;

/** Stands for a VF or an SF in switchdev mode, on the device of the PF. */
function isRepresentor({ switchId, portName }: Link): boolean {
  return switchId !== undefined && portName !== undefined && !UPLINK.test(portName);
}

/**
 * A port with a switch id tells that the eSwitch is in switchdev mode: then the uplink is the one, and none when it is
 * elsewhere. Otherwise the first one is.
 */
function pickUplink(links: readonly Link[]): Link | undefined {
  return links.some(({ switchId }) => switchId !== undefined)
    ? links.find((link) => link.switchId !== undefined && !isRepresentor(link))
    : links[0];
}

/** `mlx5_core.sf.4`: the driver, the type and the number of an auxiliary device. */
const SUBFUNCTION = /^[^.]+\.sf\.\d+$/;

async function readSubfunctions(
  kernel: Kernel,
  device: { readonly folder: string; readonly names: readonly string[] },
  tables: UseTables,
): Promise<Subfunction[]> {
  const ids = device.names.filter((name) => SUBFUNCTION.test(name));
  const found = await Promise.all(
    ids.map((id) => readSubfunction(kernel, { id, folder: `${device.folder}/${id}` }, tables)),
  );
  return found.flatMap((each) => each ?? []);
}

async function readSubfunction(
  kernel: Kernel,
  { id, folder }: Pick<Subfunction, 'id' | 'folder'>,
  tables: UseTables,
): Promise<Subfunction | undefined> {
  const names = await listNames(kernel, folder);
  // It has gone since the folder of its device was read.
  if (names.length === 0) return undefined;
  const number = parseNumber(await readAttribute(kernel, `${folder}/sfnum`));
  const { interfaces } = await readInterfaces(kernel, { id, folder, names }, tables);
  return { id, folder, interfaces, number, isRdma: hasRdma(names) };
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

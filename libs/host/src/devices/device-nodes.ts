import { omitUndefined } from '@sriov/api';
import { type DeviceNodes, type ObservedDevice, type RdmaNodes } from '@sriov/observed-host';
import { readDriver } from '../drivers/driver-binding.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { listNames, PCI_DEVICES, readAttribute, readLinkName } from '../kernel/sysfs.ts';

/** What of a device decides which files in /dev are for it. */
export type DeviceWithNodes = Pick<ObservedDevice, 'id' | 'pciAddress' | 'vdpa'>;

/**
 * Reads which files in /dev are for a device, as they are now: numbers of groups and of RDMA devices can be others
 * after each bind. The driver is read as well, because the device may have got another one since it was observed. A
 * device that has gone has none. It makes about ten calls, none of which waits for the lock of a device.
 * @throws {KernelError}
 */
export async function readDeviceNodes(kernel: Kernel, device: DeviceWithNodes): Promise<DeviceNodes> {
  const { id, pciAddress, vdpa } = device;
  const pci = `${PCI_DEVICES}/${pciAddress}`;
  const [driver, vhostVdpa, rdma, misc] = await Promise.all([
    readDriver(kernel, pciAddress),
    vdpa === undefined ? undefined : readVhostVdpa(kernel, vdpa.name),
    readRdma(kernel, id === pciAddress ? pci : `${pci}/${id}`),
    readMisc(kernel),
  ]);
  return omitUndefined({
    driver,
    vfio: isVfio(driver) ? await readVfio(kernel, pci) : undefined,
    uio: isUio(driver) ? await readUio(kernel, pci) : undefined,
    vhostVdpa,
    rdma,
    ...misc,
  });
}

/** `vfio-pci`, and the drivers of vendors that do the same and more, such as `mlx5_vfio_pci`. */
function isVfio(driver: string | undefined): boolean {
  return driver !== undefined && /(^|[-_])vfio[-_]pci$/.test(driver);
}

async function readVfio(kernel: Kernel, pci: string): Promise<DeviceNodes['vfio']> {
  const [group, name] = await Promise.all([
    readLinkName(kernel, `${pci}/iommu_group`),
    // Only groups that vfio makes itself have a name (drivers/vfio/group.c, vfio_noiommu_group_alloc).
    readAttribute(kernel, `${pci}/iommu_group/name`),
  ]);
  return omitUndefined({ group, isNoIommu: name === 'vfio-noiommu' });
}

/** Drivers that do nothing but make a UIO device. Others, such as cnic, make one beside what they are for. */
const UIO_DRIVERS = ['uio', 'igb_uio', 'uio_pci_generic'];

function isUio(driver: string | undefined): boolean {
  return driver !== undefined && UIO_DRIVERS.includes(driver);
}

async function readUio(kernel: Kernel, pci: string): Promise<string | undefined> {
  const [name] = await listNames(kernel, `${pci}/uio`);
  return name === undefined ? undefined : `/dev/${name}`;
}

async function readVhostVdpa(kernel: Kernel, name: string): Promise<string | undefined> {
  const names = await listNames(kernel, `/sys/bus/vdpa/devices/${name}`);
  const file = names.find((each) => /^vhost-vdpa-\d+$/.test(each));
  return file === undefined ? undefined : `/dev/${file}`;
}

/** Folders below a device with the character devices of its RDMA devices: `ucm0`, `issm0` and `umad0`, `uverbs0`. */
const RDMA_FOLDERS = ['infiniband_cm', 'infiniband_mad', 'infiniband_verbs'];

/** A device has one RDMA device, as a rule; each of its ports has an `issm` and a `umad`. */
async function readRdma(kernel: Kernel, folder: string): Promise<RdmaNodes[]> {
  const names = await listNames(kernel, `${folder}/infiniband`);
  if (names.length === 0) return [];
  const classes = await Promise.all(RDMA_FOLDERS.map((name) => readRdmaFiles(kernel, `${folder}/${name}`)));
  const files = classes.flat();
  const named = (kind: string, owner: string): string[] =>
    files.filter((file) => file.owner === owner && file.kind === kind).map(({ name }) => `/dev/infiniband/${name}`);
  return names.map((name) => ({
    name,
    ucm: named('ucm', name),
    issm: named('issm', name),
    umad: named('umad', name),
    uverbs: named('uverbs', name),
  }));
}

interface RdmaFile {
  readonly name: string;
  readonly kind: string;
  /** The RDMA device. */
  readonly owner: string | undefined;
}

async function readRdmaFiles(kernel: Kernel, folder: string): Promise<RdmaFile[]> {
  const names = await listNames(kernel, folder);
  return Promise.all(
    names.map(async (name) => ({
      name,
      kind: name.replace(/\d+$/, ''),
      owner: await readAttribute(kernel, `${folder}/${name}/ibdev`),
    })),
  );
}

/**
 * Files that devices share. The kernel lists those whose driver is loaded, wherever this process has its /dev from;
 * the others, which load their driver when they are opened, are in /dev alone.
 */
async function readMisc(kernel: Kernel): Promise<Pick<DeviceNodes, 'rdmaCm' | 'vhostNet' | 'tun'>> {
  const [loaded, dev, net, infiniband] = await Promise.all(
    ['/sys/class/misc', '/dev', '/dev/net', '/dev/infiniband'].map((folder) => listNames(kernel, folder)),
  );
  const isIn = (name: string, names: readonly string[] | undefined): boolean =>
    [...(loaded ?? []), ...(names ?? [])].includes(name);
  return { rdmaCm: isIn('rdma_cm', infiniband), vhostNet: isIn('vhost-net', dev), tun: isIn('tun', net) };
}

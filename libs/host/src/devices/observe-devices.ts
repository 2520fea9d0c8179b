import { omitUndefined, vdpaTypeOf } from '@sriov/api';
import pLimit from 'p-limit';
import { type DeviceUse, type ObservedDevice, type ParentPf } from '@sriov/observed-host';
import { faultOfHost, NotObservedError, unlessFault } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { listNames, PCI_DEVICES, readAttribute } from '../kernel/sysfs.ts';
import { readUseTables, type UseTables, usesOfDevice } from '../uses/device-uses.ts';
import { type DevicePart, type PciDevice, readPciDevice, type Subfunction } from './pci-device.ts';

/** All devices of a host that pods can be given, and those of which that cannot be known. */
export interface ObservedDevices {
  /** In order of address; subfunctions behind the device that they are on. */
  readonly devices: readonly ObservedDevice[];
  /** In order of address. What such a device was before, it may still be. */
  readonly problems: readonly DeviceProblem[];
}

/** A PCI device that is there and could not be observed. */
export interface DeviceProblem {
  readonly pciAddress: string;
  readonly message: string;
}

/**
 * Looks at all devices that a device plugin can hand out: network devices and accelerators, PFs and VFs, and the
 * subfunctions of network devices. It reads no attribute that waits for the lock of a device, runs four commands
 * whatever the number of VFs, and makes about seven calls for each VF. A device that cannot be observed is a problem,
 * and so are the VFs of such a PF; it hides nothing else.
 * @throws {CommandError} {@link KernelError} when the devices or the interfaces of the host cannot be listed: then
 * nothing is known, which is not the same as a host without devices
 */
export async function observeDevices(kernel: Kernel): Promise<ObservedDevices> {
  const [tables, addresses] = await Promise.all([readUseTables(kernel, false), kernel.list(PCI_DEVICES)]);
  if (tables.vdpaUnknown !== undefined) throw new NotObservedError(tables.vdpaUnknown);
  const atOnce = pLimit(DEVICES_AT_ONCE);
  const looks = await Promise.all(
    addresses.map((pciAddress) =>
      atOnce(() => orProblem(kernel, pciAddress, () => readPciDevice(kernel, pciAddress, tables))),
    ),
  );
  const seen = new Map(looks.flatMap(({ found }) => (found ? [[found.pciAddress, found] as const] : [])));
  const failed = new Set(looks.flatMap(({ problem }) => problem?.pciAddress ?? []));
  const results = await Promise.all(
    [...seen.values()].map((device) =>
      atOnce(() => orProblem(kernel, device.pciAddress, () => describe(kernel, device, { tables, seen, failed }))),
    ),
  );
  return {
    devices: results.flatMap(({ found }) => found ?? []),
    problems: [...looks, ...results]
      .flatMap(({ problem }) => problem ?? [])
      .sort((a, b) => (a.pciAddress < b.pciAddress ? -1 : 1)),
  };
}

/** Calls that wait take memory, and a look at hundreds of VFs would make all of them at the same time. */
const DEVICES_AT_ONCE = 4;

interface Host {
  readonly tables: UseTables;
  readonly seen: ReadonlyMap<string, PciDevice>;
  /** PCI devices that could not be read. */
  readonly failed: ReadonlySet<string>;
}

/** Devices go at any time. One that has gone is no problem, and one that is there and cannot be read is. */
async function orProblem<T>(
  kernel: Kernel,
  pciAddress: string,
  look: () => Promise<T | undefined>,
): Promise<{ readonly found?: T | undefined; readonly problem?: DeviceProblem }> {
  try {
    return { found: await look() };
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV') && (await isGone(kernel, pciAddress))) return {};
    return { problem: { pciAddress, message: faultOfHost(error) } };
  }
}

async function isGone(kernel: Kernel, pciAddress: string): Promise<boolean> {
  const addresses = await unlessFault(kernel.list(PCI_DEVICES), [pciAddress]);
  return !addresses.includes(pciAddress);
}

/** A device, and the subfunctions on it. */
async function describe(kernel: Kernel, device: PciDevice, host: Host): Promise<ObservedDevice[]> {
  const parent = device.physfn === undefined ? undefined : findParent(device, device.physfn, host);
  const linkType = device.uplink?.hardwareType ?? parent?.linkType;
  const own: ObservedDevice = omitUndefined({
    id: device.pciAddress,
    kind: device.kind,
    ...identityOf(device),
    acpiIndex: device.acpiIndex,
    parent: parent?.pf,
    numVfs: device.vfs.size,
    linkType,
    pKey: await readPKey(kernel, device, linkType),
    isRdma: device.isRdma,
    vdpa: findVdpa(host.tables, device.pciAddress, device.pciAddress),
    hostUses: await hostUsesOf(kernel, device, host.tables),
  });
  const subfunctions = device.subfunctions.map((each) => describeSubfunction(kernel, { ...each, device }, host));
  return [own, ...(await Promise.all(subfunctions))];
}

async function describeSubfunction(
  kernel: Kernel,
  subfunction: Subfunction & { readonly device: PciDevice },
  { tables }: Host,
): Promise<ObservedDevice> {
  const { id, number, isRdma, device, interfaces } = subfunction;
  const linkType = interfaces.links[0]?.hardwareType ?? device.uplink?.hardwareType;
  return omitUndefined({
    id,
    kind: 'auxiliary' as const,
    ...identityOf(device),
    parent: asParent(device, number),
    numVfs: 0,
    linkType,
    pKey: await readPKey(kernel, subfunction, linkType),
    isRdma,
    auxType: 'sf',
    vdpa: findVdpa(tables, device.pciAddress, id),
    hostUses: await hostUsesOf(kernel, { ...subfunction, pciAddress: id }, tables),
  });
}

/** What a subfunction has from the PCI device under it. */
function identityOf(device: PciDevice): Pick<PciDevice, 'pciAddress' | 'vendor' | 'deviceId' | 'driver' | 'numaNode'> {
  const { pciAddress, vendor, deviceId, driver, numaNode } = device;
  return { pciAddress, vendor, deviceId, driver, numaNode };
}

/** @throws {NotObservedError} when the PF could not be read: its name, and the index of the VF, would be said not to exist */
function findParent(
  { pciAddress }: PciDevice,
  physfn: string,
  { seen, failed }: Host,
): { readonly pf: ParentPf; readonly linkType: string | undefined } {
  if (failed.has(physfn)) throw new NotObservedError(`its PF ${physfn} cannot be observed`);
  const pf = seen.get(physfn);
  if (pf === undefined) return { pf: { pciAddress: physfn }, linkType: undefined };
  const index = [...pf.vfs].find(([, address]) => address === pciAddress)?.[0];
  return { pf: asParent(pf, index), linkType: pf.uplink?.hardwareType };
}

function asParent({ pciAddress, uplink }: PciDevice, index: number | undefined): ParentPf {
  return omitUndefined({ pciAddress, name: uplink?.name, index, isUp: uplink?.up });
}

/** The first key of the first port: the one that the subnet manager gave, or the default `0xffff`. */
async function readPKey(
  kernel: Kernel,
  { folder, isRdma }: DevicePart,
  linkType: string | undefined,
): Promise<string | undefined> {
  if (linkType !== 'infiniband' || !isRdma) return undefined;
  const [name] = await listNames(kernel, `${folder}/infiniband`);
  if (name === undefined) return undefined;
  return readAttribute(kernel, `${folder}/infiniband/${name}/ports/1/pkeys/0`);
}

function findVdpa({ vdpa }: UseTables, pciAddress: string, id: string): ObservedDevice['vdpa'] {
  const found = vdpa.get(pciAddress)?.devices.find(({ on }) => on === id);
  return found && omitUndefined({ name: found.name, type: vdpaTypeOf(found.driver) });
}

/** A pod that has the interface is no use by the host. */
function hostUsesOf(
  kernel: Kernel,
  { pciAddress, interfaces }: Pick<PciDevice, 'pciAddress' | 'interfaces'>,
  tables: UseTables,
): Promise<DeviceUse[]> {
  return usesOfDevice(kernel, { pciAddress, interfaces: { ...interfaces, isElsewhere: false } }, tables);
}

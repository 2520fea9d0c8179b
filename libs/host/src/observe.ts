import { type LinkType, omitUndefined } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import {
  type ObservationProblem,
  type ObservedHost,
  type ObservedLink,
  type ObservedPf,
  type ObservedSriov,
  type ObservedVf,
  type SoftwareBridges,
} from '@sriov/observed-host';
import { type DeviceInterfaces } from './uses/device-interfaces.ts';
import { findDeviceInterfaces, readUseTables, type UseTables, usesOfDevice } from './uses/device-uses.ts';
import { readDriver } from './drivers/driver-binding.ts';
import { type ESwitchTable, readESwitchModes } from './drivers/devlink.ts';
import { isErrno, type Kernel, KernelBlockedError } from './kernel/kernel.ts';
import { readBridges } from './drivers/ovs.ts';
import { OVS_SOCKET } from './drivers/ovsdb.ts';
import { type Link } from './drivers/links.ts';
import { isVfFolder, listVfAddresses, readAutoprobe } from './drivers/sriov.ts';
import { findVfGuids, type VfInfo } from './drivers/vf-info.ts';
import { listNames, PCI_DEVICES, readAttribute, readIfThere, readLinkName } from './kernel/sysfs.ts';

/** Facts that are read once for all devices. */
interface HostTables extends UseTables {
  readonly eSwitches: ESwitchTable;
}

/** What a look at a host takes in beside its network devices. */
export interface LookScope {
  /** The bridges of Open vSwitch. */
  readonly bridges?: boolean;
}

/**
 * Looks at every network device of the host that is not a VF, and at its VFs. A device that cannot be observed, or
 * that vanishes meanwhile, becomes a problem of its own and hides nothing else. What takes longer, {@link lookCloser}
 * looks at.
 */
export async function observeHost(kernel: Kernel, { bridges = false }: LookScope = {}): Promise<ObservedHost> {
  const [tables, addresses, rdmaMode] = await Promise.all([
    readTables(kernel, false),
    listNames(kernel, PCI_DEVICES),
    readRdmaMode(kernel),
  ]);
  const softwareBridges = bridges ? await observeBridges(kernel, tables) : undefined;
  return omitUndefined({ ...(await observeAll(kernel, addresses, tables)), rdmaMode, softwareBridges });
}

/** A database that cannot be read hides bridges, and nothing else. */
async function observeBridges(kernel: Kernel, { network }: HostTables): Promise<SoftwareBridges> {
  try {
    const bridges = (await readBridges(kernel)).map((bridge) => {
      const link = network.named(bridge.name);
      const uses = link === undefined ? [] : network.usesOf(link);
      return uses.length === 0 ? bridge : { ...bridge, uses };
    });
    return { kind: 'seen', bridges };
  } catch (error) {
    const isAbsent = isErrno(error, 'ENOENT', 'ECONNREFUSED');
    const cause = isAbsent ? `nobody listens at ${OVS_SOCKET} (${error.code})` : messageOf(error);
    return { kind: 'unseen', cause };
  }
}

/**
 * Looks again at some PFs, for all that tells who uses them and their VFs: also asks the kubelet, and searches the open
 * files of all processes if a VF can be open. For what is about to be disturbed; the rest of the host stays as it was
 * seen.
 */
export async function lookCloser(
  kernel: Kernel,
  pciAddresses: readonly string[],
  seen: ObservedHost = { interfaces: [], problems: [] },
): Promise<ObservedHost> {
  const tables = await readTables(kernel, true);
  const { interfaces, problems } = await observeAll(kernel, pciAddresses, tables);
  const isOther = ({ pciAddress }: { readonly pciAddress: string }): boolean => !pciAddresses.includes(pciAddress);
  const { missing, unknown, allocated } = tables.allocations ?? {};
  return {
    ...seen,
    interfaces: [...seen.interfaces.filter(isOther), ...interfaces].sort((a, b) =>
      a.pciAddress < b.pciAddress ? -1 : 1,
    ),
    problems: [...seen.problems.filter(isOther), ...problems],
    ...(missing !== undefined && { blindSpots: [missing] }),
    ...(unknown === undefined && allocated !== undefined && { allocated }),
  };
}

async function observeAll(kernel: Kernel, addresses: readonly string[], tables: HostTables): Promise<ObservedHost> {
  const results = await Promise.all(addresses.map((address) => observeOrReport(kernel, address, tables)));
  return {
    interfaces: results.flatMap(({ pf }) => pf ?? []),
    problems: results.flatMap(({ problem }) => problem ?? []),
  };
}

/** A boolean parameter: `Y` shares RDMA devices among namespaces. `rdma system set netns` changes it as well. */
const RDMA_NETNS_MODE = '/sys/module/ib_core/parameters/netns_mode';

async function readRdmaMode(kernel: Kernel): Promise<ObservedHost['rdmaMode']> {
  const isShared = await readAttribute(kernel, RDMA_NETNS_MODE);
  if (isShared === undefined) return undefined;
  return isShared === 'Y' ? 'shared' : 'exclusive';
}

async function readTables(kernel: Kernel, isClose: boolean): Promise<HostTables> {
  const [uses, eSwitches] = await Promise.all([readUseTables(kernel, isClose), readESwitchModes(kernel)]);
  return { ...uses, eSwitches };
}

async function observeOrReport(
  kernel: Kernel,
  pciAddress: string,
  tables: HostTables,
): Promise<{ pf?: ObservedPf | undefined; problem?: ObservationProblem }> {
  try {
    return { pf: await observePf(kernel, pciAddress, tables) };
  } catch (error) {
    const isBlocked = error instanceof KernelBlockedError;
    return { problem: { pciAddress, message: messageOf(error), ...(isBlocked && { isBlocked }) } };
  }
}

/** Base class of PCI network controllers: Ethernet, InfiniBand and others. */
const NETWORK_CLASS = /^0x02/;

async function observePf(kernel: Kernel, pciAddress: string, tables: HostTables): Promise<ObservedPf | undefined> {
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const found = await findPf(kernel, folder);
  if (found === undefined) return undefined;
  const { deviceClass, names } = found;
  const interfaces = await findDeviceInterfaces(kernel, { pciAddress, folder, names }, tables);
  const [ids, driver, iommuGroup, link] = await Promise.all([
    readIds(kernel, folder),
    readDriver(kernel, pciAddress),
    readIommuGroup(kernel, folder),
    pickUplink(kernel, interfaces.links),
  ]);
  // Representors of its VFs are no use of the PF.
  const own: DeviceInterfaces = { ...interfaces, links: link ? [link] : [] };
  const uses = await usesOfDevice(kernel, { pciAddress, interfaces: own }, tables);
  const linkType = link?.linkType || linkTypeOfClass(deviceClass);
  return omitUndefined({
    pciAddress,
    ...ids,
    driver,
    iommuGroup,
    linkType,
    link: link && { ...observeLink(link), ...(await observeSpeed(kernel, link)) },
    sriov: await observeSriov(kernel, { pciAddress, names, linkType, told: link?.vfs }, tables),
    ...(await observeESwitch(kernel, { pciAddress, link }, tables)),
    uses: uses.length > 0 ? uses : undefined,
  });
}

/**
 * Where devlink cannot be asked, the interface tells whether there is a switch to be in another mode: a driver without
 * one, or one in legacy mode, refuses to name it (ENOTSUP). Any other answer leaves the mode unknown.
 */
async function observeESwitch(
  kernel: Kernel,
  { pciAddress, link }: { readonly pciAddress: string; readonly link: Link | undefined },
  { eSwitches: { modes, failures, failure } }: HostTables,
): Promise<Pick<ObservedPf, 'eSwitchMode' | 'eSwitchUnknown'>> {
  const eSwitchMode = modes.get(pciAddress);
  if (eSwitchMode !== undefined) return { eSwitchMode };
  const eSwitchUnknown = failures.get(pciAddress) ?? failure;
  if (eSwitchUnknown === undefined) return {};
  const isLegacy = link !== undefined && (await refusesToNameSwitch(kernel, link));
  return isLegacy ? {} : { eSwitchUnknown };
}

async function refusesToNameSwitch(kernel: Kernel, { name }: Link): Promise<boolean> {
  try {
    await kernel.read(`/sys/class/net/${name}/phys_switch_id`);
    return false;
  } catch (error) {
    if (error instanceof KernelBlockedError) throw error;
    return isErrno(error, 'ENOTSUP');
  }
}

/** PCI class of a network device that is not a VF, and what its folder has; nothing for any other device. */
async function findPf(
  kernel: Kernel,
  folder: string,
): Promise<{ readonly deviceClass: string; readonly names: readonly string[] } | undefined> {
  const deviceClass = await readIfThere(kernel, `${folder}/class`);
  if (deviceClass === undefined || !NETWORK_CLASS.test(deviceClass)) return undefined;
  const names = await listNames(kernel, folder);
  return isVfFolder(names) ? undefined : { deviceClass, names };
}

/** 0x0207 is InfiniBand; a port without a network interface tells no more. */
function linkTypeOfClass(deviceClass: string): LinkType {
  return deviceClass.startsWith('0x0207') ? 'IB' : '';
}

/**
 * The PF's own interface among those of its device: in switchdev mode the representors of its VFs stand beside it,
 * and only the uplink's port is named p0, p1 and so on.
 */
async function pickUplink(kernel: Kernel, links: readonly Link[]): Promise<Link | undefined> {
  if (links.length <= 1) return links[0];
  for (const link of links) {
    const portName = await readAttribute(kernel, `/sys/class/net/${link.name}/phys_port_name`);
    if (portName !== undefined && /^p\d+$/.test(portName)) return link;
  }
  return links[0];
}

/** @throws {Error} when neither `ip` nor sysfs tells what an interface is like: nothing is made up for it */
function observeLink({ name, altNames, mac, permanentMac, mtu, maxMtu, up }: Link): ObservedLink {
  if (mac === undefined || mtu === undefined || up === undefined) {
    throw new Error(`${name}: neither ip nor sysfs tells its address, MTU and state`);
  }
  return omitUndefined({ name, altNames, mac, permanentMac, mtu, up, maxMtu });
}

/** Of PFs alone: nobody asks how fast a VF is, and the driver of each would have to be asked. */
async function observeSpeed(kernel: Kernel, link: Link): Promise<Pick<ObservedLink, 'speed'>> {
  const speed = Number(await readAttribute(kernel, `/sys/class/net/${link.name}/speed`));
  return speed > 0 ? { speed } : {};
}

/** A PF on the way to its VFs. */
interface PfOfVfs {
  readonly pciAddress: string;
  /** What its folder has. */
  readonly names: readonly string[];
  readonly linkType: LinkType;
  /** What its interface tells of its VFs; absent where it has none. */
  readonly told: ReadonlyMap<number, VfInfo> | undefined;
}

async function observeSriov(kernel: Kernel, pf: PfOfVfs, tables: HostTables): Promise<ObservedSriov | undefined> {
  const total = await readIfThere(kernel, `${PCI_DEVICES}/${pf.pciAddress}/sriov_totalvfs`);
  if (total === undefined) return undefined;
  const addresses = await listVfAddresses(kernel, pf.pciAddress);
  const vfs = await Promise.all(
    [...addresses].map(([id, pciAddress]) =>
      observeVf(kernel, { id, pciAddress, pf }, tables).catch((error: unknown) =>
        unlessGone(kernel, { id, pciAddress, error }, pf.pciAddress),
      ),
    ),
  );
  return {
    totalVfs: Number(total),
    autoprobe: await readAutoprobe(kernel, pf.pciAddress),
    vfs: vfs.flatMap((vf) => vf ?? []),
  };
}

/** VFs can be taken away at any moment, and their PF is there all the same. One that stays is not left out. */
async function unlessGone(
  kernel: Kernel,
  vf: { readonly id: number; readonly pciAddress: string; readonly error: unknown },
  pf: string,
): Promise<undefined> {
  const isGone =
    isErrno(vf.error, 'ENOENT', 'ENODEV') && (await listVfAddresses(kernel, pf)).get(vf.id) !== vf.pciAddress;
  if (!isGone) throw vf.error;
}

async function observeVf(
  kernel: Kernel,
  { id, pciAddress, pf }: { readonly id: number; readonly pciAddress: string; readonly pf: PfOfVfs },
  tables: HostTables,
): Promise<ObservedVf> {
  const { adminMac, guids: told, linkState } = pf.told?.get(id) ?? {};
  const folder = `${PCI_DEVICES}/${pciAddress}`;
  const [names, ids, driver, iommuGroup, guids] = await Promise.all([
    listNames(kernel, folder),
    readIds(kernel, folder),
    readDriver(kernel, pciAddress),
    readIommuGroup(kernel, folder),
    pf.linkType === 'IB' ? findVfGuids(kernel, pf, { id, told }) : undefined,
  ]);
  const interfaces = await findDeviceInterfaces(kernel, { pciAddress, folder, names }, tables);
  const files = { folder, names, driver, iommuGroup };
  const uses = await usesOfDevice(kernel, { pciAddress, interfaces, files }, tables);
  const [link] = interfaces.links;
  return omitUndefined({
    id,
    pciAddress,
    ...ids,
    driver,
    iommuGroup,
    adminMac,
    guids,
    linkState,
    link: link && observeLink(link),
    uses: uses.length > 0 ? uses : undefined,
  });
}

async function readIds(kernel: Kernel, device: string): Promise<{ vendor: string; deviceId: string }> {
  const [vendor, deviceId] = await Promise.all([kernel.read(`${device}/vendor`), kernel.read(`${device}/device`)]);
  return { vendor: hexId(vendor), deviceId: hexId(deviceId) };
}

/** `"0x8086\n"` → `"8086"`. */
function hexId(text: string): string {
  return text.trim().replace(/^0x/, '').toLowerCase();
}

async function readIommuGroup(kernel: Kernel, device: string): Promise<number | undefined> {
  const name = await readLinkName(kernel, `${device}/iommu_group`);
  return name === undefined ? undefined : Number(name);
}

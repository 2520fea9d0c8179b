import {
  type LinkType,
  messageOf,
  type ObservationProblem,
  type ObservedHost,
  type ObservedLink,
  type ObservedPf,
  type ObservedSriov,
  type ObservedVf,
  omitUndefined,
} from '@sriov/api';
import { readDriver } from './driver-binding.ts';
import { readESwitchModes } from './devlink.ts';
import { findVfioHolders } from './holders.ts';
import { isErrno, type Kernel } from './kernel.ts';
import { type Link, listDefaultRouteLinks, listLinks } from './links.ts';
import { listVfAddresses, readAutoprobe } from './sriov.ts';
import { listNames, PCI_DEVICES, readAttribute, readLinkName } from './sysfs.ts';

/** What to look at beyond the usual. */
export interface ObserveOptions {
  /** Look through all processes for those that have VFs open through VFIO. */
  readonly vfioHolders?: boolean;
}

/** Facts that are read once for all devices. */
interface HostTables {
  readonly linksByDevice: ReadonlyMap<string, readonly Link[]>;
  readonly defaultRoutes: ReadonlySet<string>;
  readonly eSwitchModes: ReadonlyMap<string, 'legacy' | 'switchdev'>;
  readonly vfioHolders: ReadonlyMap<string, string>;
}

/**
 * Looks at every network device of the host that is not a VF, and at its VFs. A device that cannot be observed, or
 * that vanishes meanwhile, becomes a problem of its own and hides nothing else.
 */
export async function observeHost(kernel: Kernel, options: ObserveOptions = {}): Promise<ObservedHost> {
  const [tables, addresses, rdmaMode] = await Promise.all([
    readTables(kernel, options),
    listNames(kernel, PCI_DEVICES),
    readRdmaMode(kernel),
  ]);
  const results = await Promise.all(addresses.map((address) => observeOrReport(kernel, address, tables)));
  return {
    interfaces: results.flatMap(({ pf }) => pf ?? []),
    problems: results.flatMap(({ problem }) => problem ?? []),
    ...(rdmaMode !== undefined && { rdmaMode }),
  };
}

/** A boolean parameter: `Y` shares RDMA devices among namespaces. `rdma system set netns` changes it as well. */
const RDMA_NETNS_MODE = '/sys/module/ib_core/parameters/netns_mode';

async function readRdmaMode(kernel: Kernel): Promise<ObservedHost['rdmaMode']> {
  const isShared = await readAttribute(kernel, RDMA_NETNS_MODE);
  if (isShared === undefined) return undefined;
  return isShared === 'Y' ? 'shared' : 'exclusive';
}

async function readTables(kernel: Kernel, options: ObserveOptions): Promise<HostTables> {
  const links = await listLinks(kernel);
  const [defaultRoutes, eSwitchModes, vfioHolders] = await Promise.all([
    listDefaultRouteLinks(kernel, links),
    readESwitchModes(kernel),
    options.vfioHolders === true ? findVfioHolders(kernel) : new Map<string, string>(),
  ]);
  const linksByDevice = new Map<string, Link[]>();
  for (const link of links) {
    if (link.pciAddress === undefined) continue;
    linksByDevice.set(link.pciAddress, [...(linksByDevice.get(link.pciAddress) ?? []), link]);
  }
  return { linksByDevice, defaultRoutes, eSwitchModes, vfioHolders };
}

async function observeOrReport(
  kernel: Kernel,
  pciAddress: string,
  tables: HostTables,
): Promise<{ pf?: ObservedPf | undefined; problem?: ObservationProblem }> {
  try {
    return { pf: await observePf(kernel, pciAddress, tables) };
  } catch (error) {
    return { problem: { pciAddress, message: messageOf(error) } };
  }
}

/** Base class of PCI network controllers: Ethernet, InfiniBand and others. */
const NETWORK_CLASS = /^0x02/;

async function observePf(kernel: Kernel, pciAddress: string, tables: HostTables): Promise<ObservedPf | undefined> {
  const device = `${PCI_DEVICES}/${pciAddress}`;
  const deviceClass = await readPfClass(kernel, device);
  if (deviceClass === undefined) return undefined;
  const [ids, driver, iommuGroup, link] = await Promise.all([
    readIds(kernel, device),
    readDriver(kernel, pciAddress),
    readIommuGroup(kernel, device),
    pickUplink(kernel, tables.linksByDevice.get(pciAddress) ?? []),
  ]);
  return omitUndefined({
    pciAddress,
    ...ids,
    driver,
    iommuGroup,
    linkType: link?.linkType ?? linkTypeOfClass(deviceClass),
    link: link && (await observeLink(kernel, link)),
    sriov: await observeSriov(kernel, { pciAddress, vfMacs: link?.vfMacs ?? new Map() }, tables),
    eSwitchMode: tables.eSwitchModes.get(pciAddress),
    hostUse: link && hostUseOf(link, tables),
  });
}

/** Each alone tells a VF: one that is just being removed, which can take its time, has lost the link to its PF. */
const VF_MARKS = ['physfn', 'sriov_vf_msix_count'];

/** PCI class of a network device that is not a VF; nothing for any other device. */
async function readPfClass(kernel: Kernel, device: string): Promise<string | undefined> {
  const deviceClass = await readAttribute(kernel, `${device}/class`);
  if (deviceClass === undefined || !NETWORK_CLASS.test(deviceClass)) return undefined;
  const names = await listNames(kernel, device);
  return VF_MARKS.some((mark) => names.includes(mark)) ? undefined : deviceClass;
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

async function observeLink(kernel: Kernel, link: Link): Promise<ObservedLink> {
  const speed = Number(await readAttribute(kernel, `/sys/class/net/${link.name}/speed`));
  const { name, altNames, mac, mtu, maxMtu, up } = link;
  return omitUndefined({ name, altNames, mac, mtu, up, maxMtu, speed: speed > 0 ? speed : undefined });
}

function hostUseOf(link: Link, { defaultRoutes }: HostTables): string | undefined {
  if (link.master !== undefined) return `part of ${link.master}`;
  return defaultRoutes.has(link.name) ? 'its default route' : undefined;
}

async function observeSriov(
  kernel: Kernel,
  pf: { readonly pciAddress: string; readonly vfMacs: ReadonlyMap<number, string> },
  tables: HostTables,
): Promise<ObservedSriov | undefined> {
  const total = await readAttribute(kernel, `${PCI_DEVICES}/${pf.pciAddress}/sriov_totalvfs`);
  if (total === undefined) return undefined;
  const addresses = await listVfAddresses(kernel, pf.pciAddress);
  const vfs = await Promise.all(
    [...addresses].map(([id, pciAddress]) =>
      observeVf(kernel, { id, pciAddress, adminMac: pf.vfMacs.get(id) }, tables).catch(ignoreGone),
    ),
  );
  return {
    totalVfs: Number(total),
    autoprobe: await readAutoprobe(kernel, pf.pciAddress),
    vfs: vfs.flatMap((vf) => vf ?? []),
  };
}

/** VFs can be taken away at any moment, and their PF is there all the same. */
function ignoreGone(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT', 'ENODEV')) throw error;
}

async function observeVf(
  kernel: Kernel,
  vf: { readonly id: number; readonly pciAddress: string; readonly adminMac: string | undefined },
  tables: HostTables,
): Promise<ObservedVf> {
  const device = `${PCI_DEVICES}/${vf.pciAddress}`;
  const [ids, driver, iommuGroup] = await Promise.all([
    readIds(kernel, device),
    readDriver(kernel, vf.pciAddress),
    readIommuGroup(kernel, device),
  ]);
  const [link] = tables.linksByDevice.get(vf.pciAddress) ?? [];
  return omitUndefined({
    id: vf.id,
    pciAddress: vf.pciAddress,
    ...ids,
    driver,
    iommuGroup,
    adminMac: vf.adminMac,
    link: link && (await observeLink(kernel, link)),
    heldBy: await holderOf(kernel, { device, driver, link, iommuGroup }, tables),
  });
}

async function holderOf(
  kernel: Kernel,
  vf: {
    readonly device: string;
    readonly driver: string | undefined;
    readonly link: Link | undefined;
    readonly iommuGroup: number | undefined;
  },
  tables: HostTables,
): Promise<string | undefined> {
  if (vf.driver === 'vfio-pci') {
    const { vfioHolders } = tables;
    if (vfioHolders.size === 0) return undefined;
    const names = [String(vf.iommuGroup), ...(await listNames(kernel, `${vf.device}/vfio-dev`))];
    return names.flatMap((name) => vfioHolders.get(name) ?? [])[0];
  }
  const hostUse = vf.link && hostUseOf(vf.link, tables);
  if (hostUse !== undefined) return `the host (${hostUse})`;
  if (vf.driver === undefined || vf.link) return undefined;
  // sysfs keeps the empty directory of a network driver whose interface has gone to another namespace.
  const hasNetDirectory = (await listNames(kernel, vf.device)).includes('net');
  return hasNetDirectory ? 'a pod (its interface is in another network namespace)' : undefined;
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

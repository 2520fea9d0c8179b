import { type LinkType, type ObservedLink, omitUndefined } from '@sriov/api';
import { z } from 'zod';
import { run, runJson } from './commands.ts';
import { isErrno, type Kernel } from './kernel.ts';

/** A network interface as `ip -j -d link show` tells it, with what the PF prescribes for its VFs. */
export interface Link extends ObservedLink {
  readonly linkType: LinkType;
  /** PCI address of the device behind it; absent for virtual interfaces. */
  readonly pciAddress?: string;
  /** Bridge, bond or team that the interface is part of. */
  readonly master?: string;
  /** Interface that it stands on, as that of a VLAN does. */
  readonly lower?: string;
  /** Admin MAC address by VF id; VFs without one are left out. */
  readonly vfMacs: ReadonlyMap<number, string>;
}

const linkSchema = z.object({
  ifname: z.string(),
  flags: z.array(z.string()).default([]),
  mtu: z.number().default(0),
  max_mtu: z.number().optional(),
  link_type: z.string().optional(),
  address: z.string().default(''),
  master: z.string().optional(),
  link: z.string().nullish(),
  altnames: z.array(z.string()).default([]),
  parentbus: z.string().optional(),
  parentdev: z.string().optional(),
  vfinfo_list: z.array(z.object({ vf: z.number(), address: z.string().default('') })).default([]),
});

const LINK_TYPES: Readonly<Record<string, LinkType>> = { ether: 'ETH', infiniband: 'IB' };

/** All network interfaces of the host's namespace: one dump, never one call a VF. */
export async function listLinks(kernel: Kernel): Promise<Link[]> {
  const output = await runJson(kernel, ['ip', '-j', '-d', 'link', 'show']);
  // `ip` prints `{}` for interfaces that it leaves out.
  const rows = z.array(z.looseObject({})).parse(output);
  return Promise.all(rows.filter((row) => 'ifname' in row).map((row) => toLink(kernel, linkSchema.parse(row))));
}

type Row = z.output<typeof linkSchema>;

async function toLink(kernel: Kernel, row: Row): Promise<Link> {
  const vfMacs = row.vfinfo_list.filter(({ address }) => address !== '' && !/^(00:)+00$/.test(address));
  return omitUndefined({
    name: row.ifname,
    altNames: row.altnames,
    mac: row.address,
    mtu: row.mtu,
    up: row.flags.includes('UP'),
    linkType: LINK_TYPES[row.link_type ?? ''] ?? '',
    vfMacs: new Map(vfMacs.map(({ vf, address }) => [vf, address])),
    // 0 stands for "the driver sets no limit".
    maxMtu: row.max_mtu || undefined,
    master: row.master,
    lower: row.link ?? undefined,
    pciAddress: await findPciAddress(kernel, row),
  });
}

/** A virtio NIC is a device of its own bus, and a PCI function, or none, is the way to it. */
async function findPciAddress(kernel: Kernel, { parentbus, parentdev }: Row): Promise<string | undefined> {
  if (parentbus !== 'virtio') return parentbus === 'pci' ? parentdev : undefined;
  const target = await kernel.readlink(`/sys/bus/virtio/devices/${parentdev}`).catch(ignoreGone);
  return /([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\/[^/]+$/.exec(target)?.[1];
}

/** It went between the list and the look. */
function ignoreGone(error: unknown): string {
  if (isErrno(error, 'ENOENT', 'ENODEV')) return '';
  throw error;
}

const routeSchema = z.object({
  dev: z.string().optional(),
  nexthops: z.array(z.object({ dev: z.string().optional() })).default([]),
});

/** Names of the interfaces that carry a default route, IPv4 or IPv6, and of those that these stand on or consist of. */
export async function listDefaultRouteLinks(kernel: Kernel, links: readonly Link[]): Promise<Set<string>> {
  const tables = await Promise.all([
    runJson(kernel, ['ip', '-j', 'route', 'show', 'default']),
    runJson(kernel, ['ip', '-j', '-6', 'route', 'show', 'default']),
  ]);
  const routes = tables.flatMap((table) => z.array(routeSchema).parse(table));
  const names = new Set(routes.flatMap(({ dev, nexthops }) => [dev, ...nexthops.map((hop) => hop.dev)]));
  // A set hears of what is added while it is gone through.
  for (const carrier of names) {
    for (const { name, lower, master } of links) {
      if (name === carrier) names.add(lower);
      if (carrier !== undefined && master === carrier) names.add(name);
    }
  }
  return new Set([...names].filter((name) => name !== undefined));
}

/** Longest wait for a change of MTU: the driver resets the device for it, behind whoever has the lock of all links. */
const MTU_MS = 30_000;

/**
 * Sets the MTU of an interface, in bytes. By a process, not through sysfs: there the kernel does not wait for the lock of
 * all links but tries again and again, which keeps a processor busy for each write and gives nobody his turn.
 */
export async function setMtu(kernel: Kernel, name: string, mtu: number): Promise<void> {
  await run(kernel, ['ip', 'link', 'set', 'dev', name, 'mtu', String(mtu)], { deadlineMs: MTU_MS });
}

/** Sets an interface administratively up. */
export async function setLinkUp(kernel: Kernel, name: string): Promise<void> {
  await run(kernel, ['ip', 'link', 'set', 'dev', name, 'up']);
}

/** Prescribes the MAC address of a VF. It takes effect when a driver is next bound to the VF. */
export async function setVfMac(
  kernel: Kernel,
  vf: { readonly pfName: string; readonly id: number },
  mac: string,
): Promise<void> {
  await run(kernel, ['ip', 'link', 'set', 'dev', vf.pfName, 'vf', String(vf.id), 'mac', mac]);
}

import { type LinkType, omitUndefined } from '@sriov/api';
import { type ObservedLink } from '@sriov/observed-host';
import { z } from 'zod';
import { run, runJson } from '../kernel/commands.ts';
import { EffectError, isErrno, type Kernel } from '../kernel/kernel.ts';
import { readAttribute } from '../kernel/sysfs.ts';
import { understand } from '../kernel/understand.ts';
import { readVfRows, type VfInfo, vfRows } from './vf-info.ts';

/** A network interface as `ip -j -d link show` tells it, with what the PF prescribes for its VFs. */
export interface Link extends Pick<ObservedLink, 'name' | 'altNames' | 'maxMtu' | 'permanentMac'> {
  readonly index?: number;
  /** These three are absent where neither `ip` nor sysfs tells them. */
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  readonly linkType: LinkType;
  /** The kernel's word for the kind of hardware, such as `ether` or `infiniband`; absent where nothing tells it. */
  readonly hardwareType?: string;
  /** Name of the port of its device, such as `p0` or `pf0vf1`; absent where the driver names none. */
  readonly portName?: string;
  /** Id of the switch that the port is part of: on a NIC, only in switchdev mode. */
  readonly switchId?: string;
  /**
   * PCI address of the device behind it; absent for virtual interfaces, and for all where the kernel is older than 5.14
   * or its tools than 5.15, which do not tell it.
   */
  readonly pciAddress?: string;
  /** Bridge, bond or team that the interface is part of. */
  readonly master?: string;
  /** What it is, such as `vlan`; absent for interfaces of devices. */
  readonly type?: string;
  /** Interfaces that it stands on, as that of a VLAN does: their names, or `ifN` where only the number is known. */
  readonly lowers: readonly string[];
  /** What it prescribes for its VFs, by VF id. */
  readonly vfs: ReadonlyMap<number, VfInfo>;
}

const linkSchema = z.object({
  ifindex: z.number().optional(),
  ifname: z.string(),
  flags: z.array(z.string()).optional(),
  mtu: z.number().optional(),
  max_mtu: z.number().optional(),
  link_type: z.string().optional(),
  phys_port_name: z.string().optional(),
  phys_switch_id: z.string().optional(),
  address: z.string().optional(),
  permaddr: z.string().optional(),
  master: z.string().optional(),
  /** Absent where it is in another network namespace: then `link_index` is a number of there. */
  link: z.string().nullish(),
  link_index: z.number().optional(),
  link_netnsid: z.number().optional(),
  linkinfo: z
    .object({ info_kind: z.string().optional(), info_data: z.record(z.string(), z.unknown()).optional() })
    .optional(),
  altnames: z.array(z.string()).default([]),
  parentbus: z.string().optional(),
  parentdev: z.string().optional(),
  vfinfo_list: vfRows,
});

/** Every network namespace has `lo`: a list without anything is none. */
const someRows = z.array(z.looseObject({})).min(1, 'it names no interface, not even lo');

const LINK_TYPES: ReadonlyMap<string, LinkType> = new Map([
  ['ether', 'ETH'],
  ['infiniband', 'IB'],
]);

/** All network interfaces of the host's namespace: one dump, never one call per VF. */
export async function listLinks(kernel: Kernel): Promise<Link[]> {
  const words = ['ip', '-j', '-d', 'link', 'show'];
  // `ip` prints `{}` for interfaces that it leaves out.
  const rows = (await runJson(kernel, words, someRows)).filter((row) => Object.keys(row).length > 0);
  const read = rows.map((row) => understand(linkSchema, row, `the output of ${words.join(' ')}`));
  return Promise.all(read.map((row) => toLink(kernel, row)));
}

type Row = z.output<typeof linkSchema>;

async function toLink(kernel: Kernel, row: Row): Promise<Link> {
  const { mac, mtu, up } = await readState(kernel, row);
  const hardwareType = await readHardwareType(kernel, row);
  return omitUndefined({
    index: row.ifindex,
    name: row.ifname,
    altNames: row.altnames,
    mac,
    permanentMac: await readPermanentMac(kernel, row, mac),
    mtu,
    up,
    linkType: LINK_TYPES.get(hardwareType ?? '') ?? '',
    hardwareType,
    portName: row.phys_port_name,
    switchId: row.phys_switch_id,
    vfs: readVfRows(row.vfinfo_list),
    // 0 stands for "the driver sets no limit".
    maxMtu: row.max_mtu || undefined,
    master: row.master,
    type: row.linkinfo?.info_kind,
    lowers: lowersOf(row),
    pciAddress: await findPciAddress(kernel, row),
  });
}

/** Kinds of link as sysfs numbers them (include/uapi/linux/if_arp.h). */
const SYSFS_TYPES: ReadonlyMap<string, string> = new Map([
  ['1', 'ether'],
  ['32', 'infiniband'],
]);

async function readHardwareType(kernel: Kernel, { link_type, ifname }: Row): Promise<string | undefined> {
  return link_type ?? SYSFS_TYPES.get((await readAttribute(kernel, `/sys/class/net/${ifname}/type`)) ?? '');
}

/** What `ip` leaves out is in sysfs. */
async function readState(kernel: Kernel, row: Row): Promise<Pick<Link, 'mac' | 'mtu' | 'up'>> {
  const read = (name: string): Promise<string | undefined> =>
    readAttribute(kernel, `/sys/class/net/${row.ifname}/${name}`);
  const numberIn = async (name: string, form: RegExp): Promise<number | undefined> => {
    const text = await read(name);
    // What is no number tells nothing.
    return text !== undefined && form.test(text) ? Number(text) : undefined;
  };
  const flags = row.flags ? undefined : await numberIn('flags', /^0x[0-9a-f]{1,8}$/i);
  return omitUndefined({
    mac: row.address ?? addressIn(await read('address')),
    mtu: row.mtu ?? (await numberIn('mtu', /^\d{1,10}$/)),
    up: row.flags?.includes('UP') ?? (flags === undefined ? undefined : (flags & IFF_UP) !== 0),
  });
}

/** What is no hardware address tells nothing: a card is known by its address, and would be taken for another one. */
function addressIn(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{2}(:[0-9a-f]{2}){5,31}$/i.test(text) ? text : undefined;
}

/**
 * `ip` tells it, from kernel 5.6 on, where it differs. Members of a bond have one address; the bond knows their own.
 */
async function readPermanentMac(kernel: Kernel, row: Row, mac: string | undefined): Promise<string | undefined> {
  const { permaddr, master, ifname } = row;
  const readFromBond = async (): Promise<string | undefined> =>
    addressIn(await readAttribute(kernel, `/sys/class/net/${ifname}/bonding_slave/perm_hwaddr`));
  const permanent = permaddr ?? (master === undefined ? undefined : await readFromBond());
  return permanent === mac ? undefined : permanent;
}

/** Words of `ip` for interfaces that another one stands on, beside `link`: vxlan, hsr. */
const LOWER_WORDS = ['link', 'slave1', 'slave2'];

function lowersOf({ link, link_index, link_netnsid, linkinfo }: Row): string[] {
  const byIndex = link_index !== undefined && link_netnsid === undefined ? `if${link_index}` : undefined;
  const told = LOWER_WORDS.map((word) => linkinfo?.info_data?.[word]);
  return [...new Set([link ?? byIndex, ...told].filter((name) => typeof name === 'string'))];
}

/** A virtio NIC is a device of its own bus, and a PCI function, or none, is the way to it. */
async function findPciAddress(kernel: Kernel, { parentbus, parentdev }: Row): Promise<string | undefined> {
  if (parentbus !== 'virtio') return parentbus === 'pci' ? parentdev : undefined;
  const target = await kernel.readlink(`/sys/bus/virtio/devices/${parentdev}`).catch(ignoreGone);
  return /([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\/[^/]+$/.exec(target)?.[1];
}

/** The device may have gone since it was listed. */
function ignoreGone(error: unknown): string {
  if (isErrno(error, 'ENOENT', 'ENODEV')) return '';
  throw error;
}

/** Longest wait for a change of MTU: the driver resets the device for it, behind whoever has the lock of all links. */
const MTU_MS = 30_000;

/**
 * Sets the MTU of an interface, in bytes. A process does it, not a write to sysfs: for such a write the kernel does not
 * wait for the lock of all links but retries in a loop, which keeps a processor busy and starves other callers.
 */
export async function setMtu(kernel: Kernel, name: string, mtu: number): Promise<void> {
  const words = ['ip', 'link', 'set', 'dev', name, 'mtu', String(mtu)];
  await run(kernel, words, { deadlineMs: MTU_MS });
  // Drivers may take another one than they are given. An interface that has gone meanwhile is the business of others.
  const present = await readAttribute(kernel, `/sys/class/net/${name}/mtu`);
  if (present === undefined || Number(present) === mtu) return;
  const detail = `MTU ${mtu} was asked for, ip reported no error, and ${name} has ${present}: its driver allows no other`;
  throw new EffectError({ verb: 'exec', path: words.join(' '), detail });
}

/** Sets an interface administratively up. */
export async function setLinkUp(kernel: Kernel, name: string): Promise<void> {
  const words = ['ip', 'link', 'set', 'dev', name, 'up'];
  await run(kernel, words);
  const flags = await readAttribute(kernel, `/sys/class/net/${name}/flags`);
  if (flags === undefined || (Number(flags) & IFF_UP) !== 0) return;
  const detail = `${name} was set up, ip reported no error, and it is down: something else on the host sets it down`;
  throw new EffectError({ verb: 'exec', path: words.join(' '), detail });
}

/** Flag of an interface that is administratively up (include/uapi/linux/if.h). */
const IFF_UP = 0x1;

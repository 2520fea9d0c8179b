import { omitUndefined } from '@sriov/api';
import { type ObservedLink } from '@sriov/observed-host';
import { type Link } from '../drivers/links.ts';
import { isRepresentor } from '../drivers/representors.ts';
import { NotObservedError } from '../kernel/host-error.ts';
import { type Kernel } from '../kernel/kernel.ts';
import { readAttribute } from '../kernel/sysfs.ts';
import { NotUnderstoodError } from '../kernel/understand.ts';

/**
 * The PF's own interface among those of its device: in switchdev mode the representors of its VFs stand beside it,
 * and only the uplink's port is named p0, p1 and so on.
 */
export function pickUplink(links: readonly Link[]): Link | undefined {
  const own = links.filter((link) => !isRepresentor(link));
  return own.find(({ portName = '' }) => /^p\d+$/.test(portName)) ?? own[0];
}

/** The interfaces with the names of their ports, which old versions of `ip` do not tell. Only one needs none. */
export async function withPortNames(kernel: Kernel, links: readonly Link[]): Promise<readonly Link[]> {
  if (links.length <= 1) return links;
  return Promise.all(
    links.map(async (link) => {
      const portName = link.portName ?? (await readAttribute(kernel, `/sys/class/net/${link.name}/phys_port_name`));
      return portName === undefined ? link : { ...link, portName };
    }),
  );
}

/** Six octets of Ethernet, or twenty of InfiniBand (INFINIBAND_ALEN of Linux). */
const HARDWARE_ADDRESS = /^[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5}|(?::[0-9a-f]{2}){19})$/i;

/**
 * An interface as `ip` and sysfs show it.
 * @throws {NotObservedError} when neither `ip` nor sysfs tells what an interface is like: nothing is made up for it
 */
export function observeLink({ name, altNames, mac, permanentMac, mtu, maxMtu, up }: Link): ObservedLink {
  if (mac === undefined || mtu === undefined || up === undefined) {
    throw new NotObservedError(`${name}: neither ip nor sysfs tells its address, MTU and state`);
  }
  if (!HARDWARE_ADDRESS.test(mac)) {
    throw new NotUnderstoodError(
      `the address of ${name}`,
      `it has no six or twenty octets, but is ${JSON.stringify(mac)}`,
    );
  }
  return omitUndefined({ name, altNames, mac, permanentMac, mtu, up, maxMtu });
}

/** `addr_assign_type` of an address that its device was made with: NET_ADDR_PERM (include/uapi/linux/netdevice.h). */
const MADE_WITH = '0';

/**
 * Whether somebody has given the interface its address. Before Linux 5.6 nothing but this tells that it is not the one
 * that the device was made with.
 */
export async function observeAssignment(kernel: Kernel, link: Link): Promise<Pick<ObservedLink, 'isMacAssigned'>> {
  if (link.permanentMac !== undefined) return {};
  const type = await readAttribute(kernel, `/sys/class/net/${link.name}/addr_assign_type`);
  return type === MADE_WITH ? {} : { isMacAssigned: true };
}

/** Of PFs alone: nobody asks how fast a VF is, and the driver of each would have to be asked. */
export async function observeSpeed(kernel: Kernel, link: Link): Promise<Pick<ObservedLink, 'speed'>> {
  const text = await readAttribute(kernel, `/sys/class/net/${link.name}/speed`);
  // -1 while the link is down, or unknown to the driver (speed_show in net/core/net-sysfs.c).
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? { speed: Number(text) } : {};
}

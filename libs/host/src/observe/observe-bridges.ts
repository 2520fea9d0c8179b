import { type SoftwareBridges } from '@sriov/observed-host';
import { readBridges } from '../drivers/ovs-bridge-table.ts';
import { findUndoneChange } from '../drivers/ovs-changes.ts';
import { findSwitchFault } from '../drivers/ovs-switch.ts';
import { faultOfHost } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { OVS_SOCKET } from '../kernel/ovs-sockets.ts';
import { type HostTables } from './host-tables.ts';

/**
 * Looks at the bridges of Open vSwitch, and whether ovs-vswitchd is there to carry them out. A database that cannot be
 * read hides bridges, and nothing else.
 */
export async function observeBridges(kernel: Kernel, { network }: HostTables): Promise<SoftwareBridges> {
  try {
    const [bridges, halted] = await Promise.all([readBridges(kernel), findHalt(kernel)]);
    const withUses = bridges.map((bridge) => {
      const link = network.named(bridge.name);
      const uses = link === undefined ? [] : network.usesOf(link);
      return uses.length === 0 ? bridge : { ...bridge, uses };
    });
    return { kind: 'seen', bridges: withUses, ...(halted !== undefined && { halted }) };
  } catch (error) {
    const isAbsent = isErrno(error, 'ENOENT', 'ECONNREFUSED');
    const cause = isAbsent ? `nobody listens at ${OVS_SOCKET} (${error.code})` : faultOfHost(error);
    return { kind: 'unseen', cause };
  }
}

/** ovs-vswitchd can be there and follow another database, or none since the server has started again. */
async function findHalt(kernel: Kernel): Promise<string | undefined> {
  const fault = await findSwitchFault(kernel);
  return fault === undefined ? findUndoneChange(kernel) : `ovs-vswitchd does not answer: ${fault}`;
}

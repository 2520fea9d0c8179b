import { messageOf } from '@sriov/errors';
import { type SoftwareBridges } from '@sriov/observed-host';
import { readBridges } from '../drivers/ovs.ts';
import { OVS_SOCKET } from '../drivers/ovsdb.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { type HostTables } from './host-tables.ts';

/** A database that cannot be read hides bridges, and nothing else. */
export async function observeBridges(kernel: Kernel, { network }: HostTables): Promise<SoftwareBridges> {
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

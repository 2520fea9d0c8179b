import { hasNamespaces, isRdmaCoreLoaded, rdmaMode } from '../machine/rdma-core.ts';
import { type Command, failed, printed } from './command.ts';

/** `rdma system` of iproute2: the mode in which RDMA devices go with network namespaces. */
export const rdma: Command = {
  changes: (args) => args.includes('set'),
  run(machine, args) {
    const [object, action, , mode] = args.filter((arg) => !arg.startsWith('-'));
    if (object !== 'system') return failed(1, `Unknown object '${object}'.`);
    // The protocol comes with ib_core (rd_send_msg of rdma/utils.c).
    if (!isRdmaCoreLoaded(machine)) return failed(1, 'Failed to open NETLINK_RDMA socket');
    // As a kernel 6.12 with iproute2 6.1 printed it.
    if (action !== 'set') return printed(`netns ${rdmaMode(machine)} copy-on-fork on\n`);
    if (mode !== 'shared' && mode !== 'exclusive') return failed(1, `Unknown mode '${mode}'.`);
    if (mode === rdmaMode(machine)) return printed('');
    // rdma_compatdev_set of drivers/infiniband/core/device.c, and perror of rd_recv_msg in rdma/utils.c.
    if (hasNamespaces(machine)) return failed(1, 'error: Device or resource busy');
    machine.state.rdmaMode = mode;
    return printed('');
  },
};

import { type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

/**
 * A VF of an Intel X710 that a hypervisor has given to a virtual machine, which sees no PF. Ids and the largest MTU as
 * drivers/net/ethernet/intel/iavf has them (iavf_main.c, iavf_pci_tbl: IAVF_DEV_ID_VF). Its resources are made up:
 * nothing reads them.
 */
export const IAVF: NicModel = {
  name: 'iavf',
  vendor: '8086',
  subsystemVendor: '8086',
  pfDriver: 'iavf',
  pfIrqs: [3, 3],
  maxMtu: 9702,
  mtuBounceMs: 0,
  speed: 10_000,
  linkSpeed: 'Unknown',
  linkWidth: '0',
  pfQueues: ['rx-0', 'rx-1', 'tx-0', 'tx-1'],
  pf: {
    device: '154c',
    subsystemDevice: '0000',
    revision: '02',
    resetMethod: 'flr',
    resource: resourceTable(13, { 0: '0x00000000fe000000 0x00000000fe00ffff 0x000000000014220c' }),
    resourceFiles: { resource0: 65536 },
    firmwareNode: 'device:06',
    irq: '0',
    d3coldAllowed: true,
  },
};

import { type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

/**
 * Elastic Network Adapter of EC2 as an instance sees it: a VF without a PF. Ids and the largest MTU as
 * drivers/net/ethernet/amazon/ena has them (ena_pci_id_tbl.h: PCI_DEV_ID_ENA_VF; ENA instances allow 9001 and the device
 * tells 9216). Its resources are made up: nothing reads them.
 */
export const ENA: NicModel = {
  name: 'ena',
  vendor: '1d0f',
  subsystemVendor: '1d0f',
  pfDriver: 'ena',
  pfIrqs: [3, 3],
  maxMtu: 9216,
  mtuBounceMs: 0,
  // The driver tells no speed.
  speed: 0,
  linkSpeed: 'Unknown',
  linkWidth: '0',
  pfQueues: ['rx-0', 'rx-1', 'tx-0', 'tx-1'],
  pf: {
    device: 'ec20',
    subsystemDevice: 'ec20',
    revision: '00',
    resetMethod: 'flr',
    resource: resourceTable(13, { 0: '0x00000000febf4000 0x00000000febf7fff 0x0000000000040200' }),
    resourceFiles: { resource0: 16384 },
    firmwareNode: 'device:05',
    irq: '0',
    d3coldAllowed: true,
  },
};

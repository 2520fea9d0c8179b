import { type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

/** A paravirtual NIC without SR-IOV, as every virtual machine has one: what the operator must leave alone. */
export const VIRTIO: NicModel = {
  name: 'virtio',
  vendor: '1af4',
  subsystemVendor: '1af4',
  pfDriver: 'virtio-pci',
  innerBus: 'virtio',
  // Its vectors come before those that are given out here.
  pfIrqs: [0, 0],
  maxMtu: 65_535,
  mtuBounceMs: 0,
  speed: 0,
  linkSpeed: 'Unknown',
  linkWidth: '0',
  pfQueues: ['rx-0', 'tx-0'],
  pf: {
    device: '1041',
    subsystemDevice: '1100',
    revision: '01',
    resetMethod: 'pm',
    resource: resourceTable(13, { 1: '0x00000000fea00000 0x00000000fea00fff 0x0000000000040200' }),
    resourceFiles: { resource1: 4096 },
    firmwareNode: 'device:20',
    irq: '22',
    d3coldAllowed: true,
  },
};

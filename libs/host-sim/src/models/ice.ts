import { type ESwitchModel, type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

const QUEUES = ['rx-0', 'rx-1', 'rx-2', 'rx-3', 'tx-0', 'tx-1', 'tx-2', 'tx-3'];

/**
 * ice_eswitch_mode_set (drivers/net/ethernet/intel/ice/ice_eswitch.c) refuses another mode while there are VFs. The mode
 * is a field of the driver (struct ice_pf), and stays when VFs go.
 */
const ESWITCH: ESwitchModel = {
  told: {},
  refuse: ({ present, wanted, vfs }) =>
    present !== wanted && vfs > 0
      ? 'Error: ice: Changing eswitch mode is allowed only if there is no VFs created.\nkernel answers: Operation not supported'
      : undefined,
  keepsMode: true,
  forgetsVfs: false,
  // ice_set_netdev_features (ice_main.c) adds it to what may be turned on, and not to what is on.
  tcOffload: 'off',
};

/**
 * Intel E810-C with the driver ice, whose VFs have iavf. Modelled, not measured: ids from the PCI id list; the largest
 * MTU from ICE_MAX_MTU (ice.h); times like those of mlx5.
 */
export const ICE: NicModel = {
  name: 'ice',
  vendor: '8086',
  subsystemVendor: '8086',
  pfDriver: 'ice',
  pfIrqs: [5, 5],
  maxMtu: 9702,
  mtuBounceMs: 0,
  speed: 100_000,
  linkSpeed: '16.0 GT/s PCIe',
  linkWidth: '16',
  pfQueues: QUEUES,
  eSwitch: ESWITCH,
  pf: {
    device: '1592',
    subsystemDevice: '0002',
    revision: '02',
    resetMethod: 'flr bus',
    resource: resourceTable(13, { 0: '0x000020ffd0000000 0x000020ffd1ffffff 0x000000000014220c' }),
    resourceFiles: { resource0: 33_554_432 },
    firmwareNode: 'device:14/device:15',
    irq: '40',
    d3coldAllowed: true,
  },
  sriov: {
    vfDriver: 'iavf',
    vfIrqs: 3,
    vfQueues: ['rx-0', 'tx-0'],
    totalVfs: [128, 128],
    offset: 8,
    stride: 1,
    latencies: { createVfs: 400, removeVfs: 900, probe: 700, unbind: 250 },
    carrierBounceMs: 0,
    vfAsksPf: false,
    vf: {
      device: '1889',
      subsystemDevice: '0000',
      revision: '02',
      resetMethod: 'flr',
      resource: resourceTable(13, { 0: '0x000020ffc0000000 0x000020ffc001ffff 0x000000000014220c' }),
      resourceFiles: { resource0: 131_072 },
      firmwareNode: 'device:14/device:16',
      irq: '0',
      d3coldAllowed: false,
    },
  },
};

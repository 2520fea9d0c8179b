import { type ESwitchModel, type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

const QUEUES = ['rx-0', 'rx-1', 'rx-2', 'rx-3', 'tx-0', 'tx-1', 'tx-2', 'tx-3'];

/**
 * The driver takes any mode, also without VFs (current kernels, mlx5_devlink_eswitch_mode_set in
 * drivers/net/ethernet/mellanox/mlx5/core/eswitch_offloads.c). Its documentation says to unbind the VFs before: with VFs
 * that were bound the firmware has refused switchdev (issue 1015 of upstream, "invalid argument", bad resource state). It
 * forgets what it was told for VFs ("net/mlx5e: Clear VF config when switching modes" of Linux), and keeps the inline
 * mode and the encapsulation mode in struct mlx5_esw_offload.
 */
const ESWITCH: ESwitchModel = {
  told: { 'inline-mode': 'none', 'encap-mode': 'basic' },
  refuse: ({ present, wanted, boundVfs }) =>
    present !== wanted && boundVfs > 0
      ? 'Error: mlx5_core: Failed setting eswitch to offloads.\nkernel answers: Invalid argument'
      : undefined,
  keepsMode: true,
  forgetsVfs: true,
  // Only a feature that may be turned on (mlx5e_build_nic_netdev of en_main.c); wanted_features of mlx5e_uplink_rep_enable
  // (en_rep.c).
  tcOffload: 'off',
  turnsTcOffloadOn: true,
  hasFlowSteering: true,
};

/**
 * NVIDIA ConnectX-6 Dx with the driver mlx5_core. Modelled, not measured: ids from the PCI id list, behaviour from
 * the documentation of the driver (Documentation/networking/device_drivers/ethernet/mellanox/mlx5), times from
 * reports of users (0.7 s to probe a VF).
 */
export const MLX5: NicModel = {
  name: 'mlx5',
  vendor: '15b3',
  subsystemVendor: '15b3',
  pfDriver: 'mlx5_core',
  pfIrqs: [5, 5],
  maxMtu: 9978,
  mtuBounceMs: 0,
  speed: 100_000,
  linkSpeed: '16.0 GT/s PCIe',
  linkWidth: '16',
  pfQueues: QUEUES,
  eSwitch: ESWITCH,
  pf: {
    device: '101d',
    subsystemDevice: '0016',
    revision: '00',
    resetMethod: 'flr bus',
    resource: resourceTable(13, { 0: '0x000020fffe000000 0x000020ffffffffff 0x000000000014220c' }),
    resourceFiles: { resource0: 33_554_432 },
    firmwareNode: 'device:10/device:11',
    irq: '32',
    d3coldAllowed: true,
  },
  sriov: {
    vfDriver: 'mlx5_core',
    vfIrqs: 3,
    vfQueues: ['rx-0', 'tx-0'],
    // What the firmware was told (NUM_OF_VFS); a world may say otherwise.
    totalVfs: [16, 16],
    offset: 2,
    stride: 1,
    latencies: { createVfs: 400, removeVfs: 900, probe: 700, unbind: 250 },
    carrierBounceMs: 0,
    vfAsksPf: false,
    // As `vdpa mgmtdev show` was recorded for a ConnectX-6 Dx in the commits of drivers/vdpa: the firmware says it.
    vdpa: { module: 'mlx5_vdpa', maxVqs: 65 },
    vf: {
      device: '101e',
      subsystemDevice: '0016',
      revision: '00',
      resetMethod: 'flr',
      resource: resourceTable(13, { 0: '0x000020fff4000000 0x000020fff40fffff 0x000000000014220c' }),
      resourceFiles: { resource0: 1_048_576 },
      firmwareNode: 'device:10/device:12',
      irq: '0',
      d3coldAllowed: false,
    },
  },
};

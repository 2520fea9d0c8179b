import { type ESwitchModel, type NicModel } from './nic-model.ts';
import { resourceTable } from './resource-table.ts';

const QUEUES = ['rx-0', 'rx-1', 'rx-2', 'rx-3', 'tx-0', 'tx-1', 'tx-2', 'tx-3'];

/**
 * bnxt_dl_eswitch_mode_set (drivers/net/ethernet/broadcom/bnxt/bnxt_vfr.c) refuses the mode that is there (EINVAL), and,
 * in older kernels, switchdev without VFs (EPERM). bnxt_vf_reps_destroy goes back to legacy with the VFs.
 */
const ESWITCH: ESwitchModel = {
  told: {},
  refuse({ present, wanted, vfs }) {
    if (present === wanted) return 'kernel answers: Invalid argument';
    return wanted === 'switchdev' && vfs === 0 ? 'kernel answers: Operation not permitted' : undefined;
  },
  keepsMode: false,
  forgetsVfs: false,
  // bnxt_init_tc (bnxt_tc.c) turns it on.
  tcOffload: 'on',
};

/**
 * Broadcom BCM57508 with the driver bnxt_en. Modelled, not measured: ids from the PCI id list; the silence of
 * `sriov_numvfs` while the link is down from bnxt_sriov_configure (drivers/net/ethernet/broadcom/bnxt/bnxt_sriov.c of
 * Linux 4.15 to 6.15); the largest MTU from BNXT_MAX_MTU (bnxt.h); times like those of mlx5.
 */
export const BNXT: NicModel = {
  name: 'bnxt',
  vendor: '14e4',
  subsystemVendor: '14e4',
  pfDriver: 'bnxt_en',
  pfIrqs: [5, 5],
  maxMtu: 9500,
  mtuBounceMs: 0,
  speed: 100_000,
  linkSpeed: '16.0 GT/s PCIe',
  linkWidth: '16',
  pfQueues: QUEUES,
  eSwitch: ESWITCH,
  pf: {
    device: '1750',
    subsystemDevice: '1750',
    revision: '11',
    resetMethod: 'flr bus',
    resource: resourceTable(13, { 0: '0x000020fff0000000 0x000020fff000ffff 0x000000000014220c' }),
    resourceFiles: { resource0: 65_536 },
    firmwareNode: 'device:12/device:13',
    irq: '36',
    d3coldAllowed: true,
  },
  sriov: {
    vfDriver: 'bnxt_en',
    vfIrqs: 3,
    vfQueues: ['rx-0', 'tx-0'],
    totalVfs: [16, 16],
    offset: 16,
    stride: 1,
    latencies: { createVfs: 400, removeVfs: 900, probe: 700, unbind: 250 },
    carrierBounceMs: 0,
    vfAsksPf: false,
    needsLinkUp: true,
    vf: {
      device: '1806',
      subsystemDevice: '1750',
      revision: '11',
      resetMethod: 'flr',
      resource: resourceTable(13, { 0: '0x000020ffe0000000 0x000020ffe0003fff 0x000000000014220c' }),
      resourceFiles: { resource0: 16_384 },
      firmwareNode: 'device:12/device:14',
      irq: '0',
      d3coldAllowed: false,
    },
  },
};

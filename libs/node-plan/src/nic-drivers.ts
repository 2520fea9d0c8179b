/** What the planner must know about a PF's kernel driver. */
export interface NicDriver {
  /** Name of the PF's driver. */
  readonly pfDriver: string;
  /** Kernel driver of its VFs, bound by name: with autoprobe off, nothing else binds one. */
  readonly vfDriver: string;
  /** The device resets, and its link goes down, when the number of VFs or the MTU changes. */
  readonly resets?: true;
  /** While the link is down, a write to `sriov_numvfs` succeeds and does nothing. */
  readonly needsLinkUp?: true;
  /** The driver changes its eSwitch mode only while there are no VFs. With all others VFs are made first. */
  readonly modeFirst?: true;
  /** The driver returns to legacy mode by itself when the last VF goes, and older versions refuse switchdev without VFs. */
  readonly leavesSwitchdev?: true;
  /** VFs of an InfiniBand port have no GUIDs until the PF is told which. */
  readonly takesGuids?: true;
  /** Kernel module that makes vDPA devices of its VFs; absent where there is none. */
  readonly vdpaModule?: string;
}

/** The drivers that the planner knows. A PF of another driver gets VFs as well, only less quickly. */
export const NIC_DRIVERS: readonly NicDriver[] = [
  // Broadcom NetXtreme-C/E (10 to 400 Gbit/s). Its bnxt_sriov_configure returns 0, which the kernel takes for success,
  // while the interface is down (drivers/net/ethernet/broadcom/bnxt/bnxt_sriov.c, "Reject SRIOV config request since
  // if is down!"). bnxt_vf_reps_destroy (bnxt_vfr.c) goes back to legacy mode with the VFs.
  { pfDriver: 'bnxt_en', vfDriver: 'bnxt_en', needsLinkUp: true, leavesSwitchdev: true },
  // Intel X710, XL710, XXV710 (10 to 40 Gbit/s).
  { pfDriver: 'i40e', vfDriver: 'iavf' },
  // Intel E810, E822, E825, E830 (10 to 200 Gbit/s). ice_eswitch_mode_set refuses another mode while there are VFs
  // (EOPNOTSUPP, drivers/net/ethernet/intel/ice/ice_eswitch.c).
  { pfDriver: 'ice', vfDriver: 'iavf', modeFirst: true },
  // Intel 82575, 82576, I350 (1 Gbit/s).
  { pfDriver: 'igb', vfDriver: 'igbvf', resets: true },
  // Intel 82599, X540, X550 (10 Gbit/s).
  { pfDriver: 'ixgbe', vfDriver: 'ixgbevf', resets: true },
  // NVIDIA ConnectX-4 to ConnectX-8, BlueField; Ethernet and InfiniBand. mlx5_ib_set_vf_guid
  // (drivers/infiniband/hw/mlx5/ib_virt.c) is the only such operation in Linux. mlx5_vdpa (drivers/vdpa/mlx5) makes a
  // vDPA device of a VF, and of no PF (mlx5_vnet_supported in drivers/net/ethernet/mellanox/mlx5/core/dev.c).
  { pfDriver: 'mlx5_core', vfDriver: 'mlx5_core', takesGuids: true, vdpaModule: 'mlx5_vdpa' },
  // Marvell (QLogic) FastLinQ 4xxxx.
  { pfDriver: 'qede', vfDriver: 'qede' },
];

const byPfDriver = new Map(NIC_DRIVERS.map((driver) => [driver.pfDriver, driver]));

/** The row of the PF's driver; `undefined` when the table has none. */
export function nicDriverOf(pfDriver: string | undefined): NicDriver | undefined {
  return pfDriver === undefined ? undefined : byPfDriver.get(pfDriver);
}

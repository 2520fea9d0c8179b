import { grubby, rpmOstree, systemdRun, updateGrub } from './boot.ts';
import { type Command } from './command.ts';
import { devlink } from './devlink.ts';
import { ethtool } from './ethtool.ts';
import { ip } from './ip.ts';
import { modprobe } from './modprobe.ts';
import { mstconfig } from './mstconfig.ts';
import { rdma } from './rdma.ts';
import { systemctl } from './systemctl.ts';
import { udevadm } from './udevadm.ts';
import { unshare } from './unshare.ts';
import { vdpa } from './vdpa.ts';

/** The commands that the simulated machine has. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  devlink,
  ethtool,
  grubby,
  ip,
  modprobe,
  mstconfig,
  rdma,
  'rpm-ostree': rpmOstree,
  systemctl,
  'systemd-run': systemdRun,
  udevadm,
  unshare,
  'update-grub': updateGrub,
  vdpa,
};

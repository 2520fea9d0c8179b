import { type PluginState } from './plugin/plugin-state.ts';
import { type UsersState } from './users-state.ts';

/**
 * Everything about a simulated machine that changes, as plain JSON: it can be saved, compared and printed.
 * What does not change stands in the {@link World}.
 */
export interface MachineState {
  /** Loaded kernel modules, spelled with underscores. */
  modules: string[];
  /** PCI functions that are present, VFs among them, by address. */
  devices: Record<string, DeviceState>;
  /** Network interfaces by name, those in other network namespaces among them. */
  links: Record<string, LinkState>;
  /** vDPA devices by name; absent while there was none. */
  vdpa?: Record<string, VdpaState>;
  /** Ids that were written to a driver's `new_id`, by driver. */
  newIds: Record<string, string[]>;
  /** VFs that a program has open through VFIO, by PCI address. */
  vfioHolders: Record<string, VfioHolder>;
  /** Whoever else uses the devices; absent while nobody ever has. */
  users?: UsersState;
  /** The operator's device plugin; absent while none was ever there. */
  plugin?: PluginState;
  /** Files in the folder in which config daemon and device plugin meet, by name. */
  runFiles?: Record<string, string>;
  /** udev; absent where the host has none. */
  udev?: UdevState;
  /** Firmware of cards that was told other settings, by PCI address without the number of the function. */
  firmware?: Record<string, CardFirmware>;
  /** Reboots since the machine was made; absent while there was none. */
  boots?: number;
  /** Set once somebody has switched it. */
  rdmaMode?: 'shared' | 'exclusive';
  /** Network namespaces beside the host's, and those that interfaces are in. */
  namespaces?: string[];
  /** Files of `/etc/modprobe.d` that were written since the boot, by name; `null` for one that was removed. */
  modprobeFiles?: Record<string, string | null>;
  /** `enable_unsafe_noiommu_mode` of vfio; absent while nobody has set it. */
  isNoIommuEnabled?: boolean;
  /** The command line of the running kernel; absent where it is that of the world. */
  commandLine?: string;
  /** The arguments that the boot loader adds to that of the world; absent while it was told none. */
  addedArguments?: string[];
  /** Files of `/etc/default/grub.d` by name; absent while there are none. */
  grubFiles?: Record<string, string>;
  /** Files and links below `/etc/systemd/system`, by their path from there; absent while there are none. */
  unitFiles?: Record<string, string>;
  /** Programs in `/var/lib/sriov`; absent while there are none. */
  programs?: string[];
  /** systemd was asked for a reboot. */
  isGoingDown?: true;
  /** Writes and commands that change something, done since the machine was made. */
  writes: number;
  nextIfindex: number;
  /** Counts the random MAC addresses given out, so that each is another and all are repeatable. */
  nextMac: number;
}

/** Settings of the firmware of a card that differ from those of the world. */
export interface CardFirmware {
  running?: FirmwareSettings;
  /** They are in force after the next start of the firmware. */
  next?: FirmwareSettings;
}

/** Settings of the firmware of a card of NVIDIA. */
export interface FirmwareSettings {
  numOfVfs?: number;
  sriovEnabled?: boolean;
  linkType1?: 'ETH' | 'IB';
  linkType2?: 'ETH' | 'IB';
}

/** udev on the machine. */
export interface UdevState {
  isRunning: boolean;
  /** Files below `/etc/udev`, by their path from there. */
  files: Record<string, { content: string; mode: number }>;
  /** Texts of the rules that udevd has read, by the path of their file. */
  rules: Record<string, string>;
  /** When udevd last looked for changed rules by itself, in milliseconds. */
  lookedAt: number;
}

/** A vDPA device. */
export interface VdpaState {
  /** PCI address of the VF that it was made of. */
  parent: string;
  driver?: string;
  /** `driver_override`. */
  override?: string;
  /** Number of its device file `vhost-vdpa-N`, or of its virtio device; while it has a driver, and until that lets go. */
  number?: number;
  maxVqs: number;
  /** It is being removed. */
  isLeaving?: true;
}

/** A program that holds a VF. */
export interface VfioHolder {
  readonly pid: number;
  readonly command: string;
}

/** A PCI function. */
export interface DeviceState {
  /** Name of its {@link NicModel}. */
  model: string;
  /** Address of the PCI bridge above it. */
  bridge: string;
  driver?: string;
  /** `driver_override`. */
  override?: string;
  iommuGroup?: number;
  /** vfio has made the group, because there is no IOMMU: it goes when vfio-pci lets go. */
  isNoIommu?: true;
  /** Interrupt vectors, while a driver has some. */
  irqs: number[];
  /** A driver was bound once: power state and DMA mask show it. */
  wasBound: boolean;
  /** Its driver lets go of it, which takes as long as its holder likes: the driver link is gone, the rest not yet. */
  isDetaching?: true;
  /** It is being taken out of the machine. */
  isLeaving?: true;
  pf?: PfState;
  vf?: VfState;
  /** Node GUID that the driver of a VF of an InfiniBand port found when it was bound. */
  nodeGuid?: string;
}

/** The SR-IOV side of a PF. */
export interface PfState {
  /** Position among the ports of its model: it decides the numbers of its class devices. */
  index: number;
  /** Interface name by which udev renames it. */
  linkName: string;
  altNames: string[];
  mac: string;
  autoprobe: boolean;
  eSwitchMode: 'legacy' | 'switchdev';
  /** The feature `hw-tc-offload` of its interface; absent where nobody has changed it. */
  tcOffload?: boolean;
  /** The parameter `flow_steering_mode`; absent where nobody has changed it. */
  flowSteering?: 'dmfs' | 'smfs' | 'hmfs';
  /** Addresses of its VFs by index; an absent one is just being removed. */
  vfs: (string | null)[];
  /** Number of VFs that it is just being given. */
  vfsToBe?: number;
  /** What the PF prescribes for each VF, by index; outlives the VF's driver, not the VF. */
  vfSettings: VfSettings[];
  /** What an InfiniBand port remembers of the VFs that it had, by index; absent while it has had none. */
  keptVfSettings?: VfSettings[];
}

/** What the PF prescribes for a VF (`ip link set PF vf N ...`). */
export interface VfSettings {
  mac: string;
  vlan: number;
  qos: number;
  spoofchk: boolean;
  trust: boolean;
  linkState: 'auto' | 'enable' | 'disable';
  maxTxRate: number;
  /** InfiniBand GUIDs; absent while none was set. */
  nodeGuid?: string;
  portGuid?: string;
  /** They were set through the files of sysfs: `ip` does not tell them. */
  isSetByFile?: true;
}

/** A VF's place on its PF. */
export interface VfState {
  pf: string;
  index: number;
}

/** A network interface. */
export interface LinkState {
  ifindex: number;
  /** Address of the device behind it. */
  device: string;
  /** Name of the vDPA device on that device, where the interface is one of virtio on top of it. */
  onVdpa?: string;
  mac: string;
  /** The MAC address was given at random. */
  isRandomMac: boolean;
  mtu: number;
  up: boolean;
  altNames: string[];
  /** Bridge or bond that it is part of. */
  master?: string;
  /** Index of the VF that it represents on the eSwitch of its device. */
  representedVf?: number;
  /** Set while the interface is in another network namespace, such as a pod's. */
  namespace?: string;
  carrierChanges: number;
  /** udev says that NetworkManager does not manage it. */
  isUnmanaged?: true;
  /** The carrier is lost for a moment. */
  isWithoutCarrier?: true;
}

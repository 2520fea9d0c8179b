import { type LinkType } from '@sriov/api';
import { type ESwitchHeaders, type ObservedOffload, type OvsOffload } from './observed-offload.ts';
import { type DeviceHolder } from './device-holder.ts';
import { type DeviceUse } from './device-use.ts';
import { type GuestPort } from './guest-port.ts';
import { type ObservedBoot } from './observed-boot.ts';
import { type SoftwareBridges } from './observed-bridge.ts';
import { type ObservedRdmaConfig, type RdmaMode } from './observed-rdma.ts';
import { type ObservedUdev } from './observed-udev.ts';

/**
 * What the config daemon sees of its host: made by the drivers of `libs/host`, read by the planner `libs/node-plan`.
 * It never goes on the wire; `status` of SriovNetworkNodeState is computed from it.
 */
export interface ObservedHost {
  /** In order of PCI address. */
  readonly interfaces: readonly ObservedPf[];
  /** PFs that could not be observed whole, each with its cause; the others are unaffected. */
  readonly problems: readonly ObservationProblem[];
  /** How RDMA devices go with network namespaces; absent when the kernel's RDMA core is not loaded. */
  readonly rdmaMode?: RdmaMode;
  /** Absent where nobody looked. */
  readonly rdmaConfig?: ObservedRdmaConfig;
  /** Absent where nobody looked. */
  readonly boot?: ObservedBoot;
  /** Absent where nobody asked for them. */
  readonly softwareBridges?: SoftwareBridges;
  /** Absent where nobody asked, and where the node has no Open vSwitch that runs. */
  readonly ovsOffload?: OvsOffload;
  /** Absent where nobody looked. */
  readonly udev?: ObservedUdev;
  /** All names and alternative names of network interfaces; absent where nobody looked. */
  readonly linkNames?: ReadonlySet<string>;
  /** Why it is not known in which networks the ports of this virtual machine are now: a sentence without a full stop. */
  readonly networksUnknown?: string;
  /** Sources of facts that the host does not have, a sentence each: what they would tell is not among the uses. */
  readonly blindSpots?: readonly string[];
  /**
   * What the kubelet has given to pods, by the id of the device, whether or not the host has it; absent where the look
   * was not a close one, or nobody knows.
   */
  readonly allocated?: ReadonlyMap<string, readonly DeviceHolder[]>;
}

/**
 * Legacy: the NIC's own switch decides where frames go. Switchdev: each VF has a representor on the host, and software
 * decides, which may hand its decisions to the NIC.
 */
export type ESwitchMode = 'legacy' | 'switchdev';

/** A physical function: a network device that is not itself a VF. */
export interface ObservedPf {
  readonly pciAddress: string;
  /** Four lower-case hex digits, as are the other PCI ids. */
  readonly vendor: string;
  readonly deviceId: string;
  /** Absent when no driver is bound. */
  readonly driver?: string;
  /** Absent when the PF has no network interface in the host's namespace; so are the facts below it. */
  readonly link?: ObservedLink;
  readonly linkType: LinkType;
  /** SR-IOV capability; absent when the device or its driver has none. */
  readonly sriov?: ObservedSriov;
  /** devlink's eSwitch mode; absent when the driver has no devlink instance (then it is legacy). */
  readonly eSwitchMode?: ESwitchMode;
  /** Why the eSwitch mode could not be read: the command and the cause. With it the mode is unknown, not legacy. */
  readonly eSwitchUnknown?: string;
  /** How its eSwitch treats the headers of packets; absent where devlink tells neither. */
  readonly eSwitchHeaders?: ESwitchHeaders;
  /** What hardware offload needs of it; absent where nobody looked, which is where no policy wants switchdev mode. */
  readonly offload?: ObservedOffload;
  /**
   * Why devlink tells no eSwitch mode of a PF that is not in switchdev mode, as its interface shows: the command and the
   * cause. It is in legacy mode, or has no eSwitch.
   */
  readonly eSwitchHidden?: string;
  /** Its eSwitch and its own port on it; absent outside of switchdev mode, and where nothing tells them. */
  readonly switchPort?: SwitchPort;
  /** IOMMU group; absent without an IOMMU. */
  readonly iommuGroup?: number;
  /** Who uses the PF itself or may use it; absent when nobody does. */
  readonly uses?: readonly DeviceUse[];
  /**
   * The device is a port of a virtual machine, whose network is known: a VF without a PF. Its `sriov` then has one VF,
   * which is the device itself.
   */
  readonly port?: GuestPort;
}

/** The port of a PF on its eSwitch: its uplink. Ports with the same switch id are on one eSwitch. */
export interface SwitchPort {
  /** Content of `phys_switch_id`: hex digits. */
  readonly switchId: string;
  /** Content of `phys_port_name`, such as `p0`. */
  readonly portName: string;
}

/** A network interface in the host's namespace. */
export interface ObservedLink {
  readonly name: string;
  readonly altNames: readonly string[];
  /** The address that it has now: members of a bond have the same one. */
  readonly mac: string;
  /** The address that its device was made with; absent where that is `mac`. */
  readonly permanentMac?: string;
  /** Somebody has given it `mac`, and nothing tells the address that its device was made with. Looked at on PFs alone. */
  readonly isMacAssigned?: true;
  readonly mtu: number;
  /** Largest MTU that the driver accepts; absent when it does not say. */
  readonly maxMtu?: number;
  /** Administrative state (`IFF_UP`), not the carrier. */
  readonly up: boolean;
  /** Mbit/s; absent while unknown. */
  readonly speed?: number;
}

/** The SR-IOV side of a PF. */
export interface ObservedSriov {
  readonly totalVfs: number;
  /** PCI device id that its VFs have, or would have; absent where the kernel does not tell it. */
  readonly vfDeviceId?: string;
  /** The kernel probes a driver for each VF it creates. */
  readonly autoprobe: boolean;
  /** By VF id: those whose links are there. */
  readonly vfs: readonly ObservedVf[];
  /**
   * VFs that the kernel counts (`sriov_numvfs`), and whose links have not appeared; absent where there are none, and
   * where nobody looked, because the kernel answers only when nobody makes or removes VFs of the PF.
   */
  readonly lateVfs?: number;
}

/** A virtual function. */
export interface ObservedVf {
  /** Index on its PF, the N of `virtfnN`. */
  readonly id: number;
  readonly pciAddress: string;
  readonly vendor: string;
  readonly deviceId: string;
  /** Absent when no driver is bound. */
  readonly driver?: string;
  /** The only driver that the kernel binds; absent where it may be any, and where nobody has looked. */
  readonly driverOverride?: string;
  /** Network interface in the host's namespace; absent while a pod holds it or a driver without one is bound. */
  readonly link?: ObservedLink;
  /** Name of the interface that represents it on the eSwitch of its PF; absent where there is none, or not yet. */
  readonly representor?: string;
  /** It has an RDMA device, in whatever network namespace. */
  readonly hasRdma?: true;
  /** Alternative names of that interface; absent where it has none. */
  readonly representorAltNames?: readonly string[];
  /** MAC address that the PF prescribes; absent when none was set. */
  readonly adminMac?: string;
  /** VLAN into which the PF puts it, from 1; absent when none was set. */
  readonly vlan?: number;
  /** InfiniBand GUIDs that the PF prescribes; absent on Ethernet, and where nothing tells them. */
  readonly guids?: VfGuids;
  /** What the PF prescribes for the link of an InfiniBand VF: `auto` follows its own; absent where nothing tells it. */
  readonly linkState?: 'auto' | 'enable' | 'disable';
  /** vDPA devices that were made of the VF, by whomever; absent where there are none. */
  readonly vdpa?: readonly ObservedVdpa[];
  /** Why it is not known whether there are any: a sentence without a full stop. */
  readonly vdpaUnknown?: string;
  /** Absent without an IOMMU. */
  readonly iommuGroup?: number;
  /** Who uses the VF or may use it; absent when nobody does. */
  readonly uses?: readonly DeviceUse[];
}

/** A vDPA device. */
export interface ObservedVdpa {
  /** `vdpaNameOf` of `libs/api` names those that are ours. */
  readonly name: string;
  /** Its driver on the vDPA bus; absent when none is bound. */
  readonly driver?: string;
}

/**
 * GUIDs of a VF, as `readGuid` of `libs/api` writes them; zeros where none was set. Whoever has the VF does not
 * matter: they are known to the PF.
 */
export interface VfGuids {
  readonly node: string;
  readonly port: string;
}

/** A part of the host that could not be observed. */
export interface ObservationProblem {
  readonly pciAddress: string;
  /** A sentence with the file or command and the cause. */
  readonly message: string;
  /** A call about it has not come back from the kernel. */
  readonly isBlocked?: true;
}

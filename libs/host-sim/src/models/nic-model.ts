import { type Entries } from '../tree.ts';

/** How long operations take, in milliseconds. */
interface Latencies {
  /** Making VFs, all together, without their drivers. */
  readonly createVfs: number;
  readonly removeVfs: number;
  /** Binding a kernel driver to one VF. */
  readonly probe: number;
  readonly unbind: number;
}

/** What differs between a PF and its VFs in sysfs, and is not computed from the machine's state. */
export interface PciFacts {
  /** Four hex digits. */
  readonly device: string;
  readonly subsystemDevice: string;
  readonly revision: string;
  readonly resetMethod: string;
  /** Content of `resource`. */
  readonly resource: string;
  /** Sizes of the `resourceN` files by name. */
  readonly resourceFiles: Readonly<Record<string, number>>;
  /** `dN/fN` part of the ACPI companion's path. */
  readonly firmwareNode: string;
  readonly irq: string;
  readonly d3coldAllowed: boolean;
}

/**
 * A model of a NIC: everything that the simulated kernel must know about the device and its drivers. To add one, write
 * a file like its neighbours, and list it in `index.ts`.
 */
export interface NicModel {
  readonly name: string;
  /** Four hex digits each. */
  readonly vendor: string;
  readonly subsystemVendor: string;
  readonly pf: PciFacts;
  readonly pfDriver: string;
  /** Interrupt vectors of the PF: without VFs, with VFs. */
  readonly pfIrqs: readonly [number, number];
  readonly maxMtu: number;
  /** The PF loses its carrier for so many milliseconds when its MTU is changed. 0: it does not. */
  readonly mtuBounceMs: number;
  /** Speed in Mbit/s while the link is up. */
  readonly speed: number;
  readonly linkSpeed: string;
  readonly linkWidth: string;
  /** Names of the interface's queues. */
  readonly pfQueues: readonly string[];
  /** The PCI function leads to a device of another bus, which has the network interface. */
  readonly innerBus?: 'virtio';
  /** Absent: the device has no SR-IOV capability. */
  readonly sriov?: SriovModel;
  /** Absent: the driver registers nothing with devlink. */
  readonly eSwitch?: ESwitchModel;
  /** Folders that the PF's driver adds to the PF, such as `ptp`. */
  readonly driverEntries?: (pf: { readonly index: number; readonly mac: string; readonly address: string }) => Entries;
}

/** The eSwitch of a PF, as its driver lets devlink see it. */
export interface ESwitchModel {
  /** What `devlink dev eswitch show` prints beside the mode. */
  readonly told: Readonly<Record<string, string>>;
  /** What devlink prints when the driver refuses the mode; nothing when it takes it. */
  readonly refuse: (change: ModeChange) => string | undefined;
  /** The PF keeps its mode when all VFs go. */
  readonly keepsMode: boolean;
  /** With the mode, what the PF prescribes for its VFs is forgotten. */
  readonly forgetsVfs: boolean;
  /** The feature `hw-tc-offload` of the interface of a PF when its driver has made it. */
  readonly tcOffload: 'on' | 'off';
  /** The driver turns it on in switchdev mode. */
  readonly turnsTcOffloadOn?: true;
  /** The driver has the parameter `flow_steering_mode`. */
  readonly hasFlowSteering?: true;
}

/** A PF that is told an eSwitch mode. */
interface ModeChange {
  readonly present: 'legacy' | 'switchdev';
  readonly wanted: 'legacy' | 'switchdev';
  /** VFs that are there, and those of them with the driver of their own kind. */
  readonly vfs: number;
  readonly boundVfs: number;
}

/** The SR-IOV side of a NIC. */
export interface SriovModel {
  readonly vf: PciFacts;
  /** Kernel driver of the VFs, and its interrupt vectors. */
  readonly vfDriver: string;
  readonly vfIrqs: number;
  readonly vfQueues: readonly string[];
  /** Most VFs while the PF's own driver is bound, and while another is, or none. */
  readonly totalVfs: readonly [number, number];
  readonly offset: number;
  readonly stride: number;
  readonly latencies: Latencies;
  /** The PF loses its carrier for so many milliseconds when VFs are made. 0: it does not. */
  readonly carrierBounceMs: number;
  /** The driver of a VF asks the PF for the prescribed MAC address, and hears nothing while the PF's link is down. */
  readonly vfAsksPf: boolean;
  /** Kernel module that makes vDPA devices of VFs with their kernel driver, and how many virtqueues it gives to one. */
  readonly vdpa?: { readonly module: string; readonly maxVqs: number };
  /** While its link is down, the PF's driver takes any number of VFs and changes nothing. */
  readonly needsLinkUp?: true;
}

import { type DesiredInterface, type OvsBridge, type REASON, type VdpaDriver } from '@sriov/api';
import { type BootTool, type ESwitchMode, type FirmwareChange, type RdmaMode } from '@sriov/observed-host';
import { type FirmwareOutlook } from '../firmware/firmware-facts.ts';
import { type GuidRecord } from '../guids/guid-facts.ts';
import { type WantedUdevFile } from '../host-files/udev-files.ts';
import { type OwnBridge } from './own-bridges.ts';

/**
 * One action on a PF for hardware offload of traffic rules in switchdev mode. VFs work without: where it fails, the rest
 * is done all the same.
 */
export type OffloadStep =
  /** The feature `hw-tc-offload` of the interface of the PF. */
  | { readonly kind: 'set-tc-offload' }
  /** The parameter `flow_steering_mode`; possible in legacy mode only. */
  | { readonly kind: 'set-flow-steering'; readonly mode: 'smfs' };

/** Has Open vSwitch hand traffic rules to NICs (`other_config:hw-offload`). ovs-vswitchd is not restarted for it. */
export interface OvsOffloadStep {
  readonly kind: 'set-ovs-offload';
}

/** The kind of a step for hardware offload, of a PF or of the node. */
export type OffloadKind = (OffloadStep | OvsOffloadStep)['kind'];

/** Whether a step, by its kind, is one for hardware offload. */
export function isOffloadStep(kind: string): kind is OffloadKind {
  return kind === 'set-tc-offload' || kind === 'set-flow-steering' || kind === 'set-ovs-offload';
}

/** How the driver of a PF has refused the eSwitch mode that is wanted. */
export interface RefusedMode {
  /** The errno's name. */
  readonly errno: string;
  /** What was asked for, and what the driver said. */
  readonly message: string;
  /** When it was asked last, with the VFs as they were, it said something that it had not said before. */
  readonly isNews?: boolean;
}

/** One action on a PF. Each can be repeated: doing it twice is doing it once. */
export type PfStep =
  | { readonly kind: 'set-autoprobe'; readonly enabled: boolean }
  | { readonly kind: 'set-num-vfs'; readonly numVfs: number }
  /** Takes the driver from every VF of the PF. */
  | { readonly kind: 'unbind-vfs' }
  /** With `refused` the driver is asked with the VFs as they are, because it has refused the mode before. */
  | { readonly kind: 'set-eswitch-mode'; readonly mode: ESwitchMode; readonly refused?: RefusedMode }
  | OffloadStep
  /** Removes the vDPA devices that are ours from all VFs: they would go with their VFs. */
  | { readonly kind: 'remove-vdpas' }
  | { readonly kind: 'set-pf-mtu'; readonly mtu: number }
  | { readonly kind: 'set-link-up' };

/** One action on a VF. */
export type VfStep =
  | { readonly kind: 'set-vf-mac'; readonly mac: string }
  /** Node GUID and port GUID of InfiniBand. */
  | { readonly kind: 'set-vf-guid'; readonly guid: string }
  | { readonly kind: 'set-vf-link-state'; readonly state: 'auto' }
  | { readonly kind: 'unbind-vf' }
  | { readonly kind: 'bind-vf'; readonly driver: string }
  /** Takes away the name by which a driver was bound, which a daemon that ended in the middle has left. */
  | { readonly kind: 'clear-override' }
  | { readonly kind: 'set-vf-mtu'; readonly mtu: number }
  /** `module` is the kernel module that makes vDPA devices of such VFs. */
  | { readonly kind: 'make-vdpa'; readonly module: string }
  | { readonly kind: 'bind-vdpa'; readonly driver: VdpaDriver }
  | { readonly kind: 'remove-vdpa' };

/** One action on the node as a whole. */
export type NodeStep =
  /** `content` of the file for modprobe, by which the kernel starts with the mode. */
  | { readonly kind: 'write-rdma-mode-file'; readonly mode: RdmaMode; readonly content: string }
  | { readonly kind: 'remove-rdma-mode-file' }
  | { readonly kind: 'set-rdma-mode'; readonly mode: RdmaMode }
  | OvsOffloadStep
  /** Settings that the firmware of the NIC has after its next start; `name` is the interface of the port, for people. */
  | {
      readonly kind: 'write-firmware';
      readonly pciAddress: string;
      readonly name: string;
      readonly change: FirmwareChange;
    }
  /** Has the boot loader give the words to the kernel from the next boot on. */
  | { readonly kind: 'add-kernel-arguments'; readonly tool: BootTool; readonly words: readonly string[] };

/** What will be done to the node as a whole, before its PFs: the steps are done in order, up to the last. */
export interface NodePlan {
  /** Why: one sentence per difference between what is and what should be. */
  readonly because: readonly string[];
  readonly steps: readonly NodeStep[];
}

/** One action on a bridge of Open vSwitch: done at once or not at all. `uplink` is the name of an interface. */
export type BridgeStep =
  | { readonly kind: 'make-bridge'; readonly bridge: OvsBridge; readonly uplink: string }
  | {
      readonly kind: 'change-bridge';
      readonly bridge: OvsBridge;
      readonly uplink: string;
      /** What the operator wanted of the bridge so far. */
      readonly before: OvsBridge;
      /** Names of the ports that it may have, where the change interrupts it. */
      readonly ports?: readonly string[];
    }
  /**
   * The uplink leaves the bridge while its PF is changed, or for another bridge. `ports` are the names of those that the
   * bridge may have; absent where it may have any.
   */
  | { readonly kind: 'detach-uplink'; readonly uplink: string; readonly ports?: readonly string[] }
  /** `ports` are the names of those that it may have. */
  | { readonly kind: 'remove-bridge'; readonly ports: readonly string[] };

/**
 * What will be done to one bridge. A bridge goes, or its uplink leaves it, before the PF is changed. It is made or
 * changed after that.
 */
export interface BridgePlan {
  readonly name: string;
  /** The PF that is its uplink, with its interface name for people. */
  readonly pf: Pick<PfPlan, 'pciAddress' | 'name'>;
  /** Why: one sentence per difference between what is and what should be. */
  readonly because: readonly string[];
  readonly step: BridgeStep;
}

/** One action on what udev does: on its files, of which it is told, or on the names that it gives. */
export type UdevStep =
  | { readonly kind: 'write-udev-rules'; readonly files: readonly WantedUdevFile[] }
  | { readonly kind: 'remove-udev-rules'; readonly paths: readonly string[] }
  /**
   * Gives representors their names: udev does, or, where it does not or cannot, they get alternative names.
   * `names` has what is wanted by VF id.
   */
  | { readonly kind: 'name-representors'; readonly names: ReadonlyMap<number, string>; readonly byUdev: boolean };

/**
 * What will be done to the files of udev, for a PF or for the node as a whole. Files are written before the PF is
 * changed, so that udev knows what to do with what appears. They are removed, and representors are named, after that.
 */
export interface UdevPlan {
  readonly pf?: Pick<PfPlan, 'pciAddress' | 'name'>;
  /** Why: one sentence per difference between what is and what should be. */
  readonly because: readonly string[];
  readonly step: UdevStep;
}

/** The steps of one VF, in order. VFs of a PF are independent of each other. */
export interface VfPlan {
  readonly id: number;
  readonly steps: readonly VfStep[];
}

/**
 * Everything that will be done to one PF: `before`, then the VFs, then `after`. `after` is done even if a step before
 * it fails.
 */
export interface PfPlan {
  readonly pciAddress: string;
  /** Interface name for people; the PCI address when there is none. */
  readonly name: string;
  /** Why: one sentence per difference between what is and what should be. */
  readonly because: readonly string[];
  /** It is a port of a virtual machine, and its own VF 0. */
  readonly isPort?: true;
  /** `before` is done while no other PF that takes turns does its own. */
  readonly takesTurn?: true;
  readonly before: readonly PfStep[];
  readonly vfs: readonly VfPlan[];
  readonly after: readonly PfStep[];
}

/** A change that is not made because somebody has what it disturbs: a drain of the node would make way for it. */
export interface DrainReason {
  readonly pciAddress: string;
  /** VFs that somebody has, by id; empty where it is the PF itself. */
  readonly vfs: readonly number[];
  /** What would be changed, and who has the VFs. */
  readonly why: string;
}

/** What makes a reboot necessary. Whoever plans such a change adds its kind. */
export type RebootKind = 'firmware' | 'kernel-arguments' | 'rdma-mode';

/**
 * Why the node is not as it should be before it has been rebooted. All reasons of a plan are met by one reboot. It is
 * one reason whether the steps that prepare the reboot ({@link HostPlan.beforeReboot}) are still to be done or not.
 */
export interface RebootReason {
  readonly kind: RebootKind;
  /** The PF that it is about, by PCI address; absent where it is the node as a whole. */
  readonly pciAddress?: string;
  /** What the node has now, and what it is to have after the reboot. */
  readonly why: string;
}

/** Something that the planner refuses to do, and why. The rest of the plan is carried out. */
export interface PlanProblem {
  /** Absent when the problem concerns the node as a whole. */
  readonly pciAddress?: string | undefined;
  readonly reason: PlanProblemReason;
  /** PF or VF, what is wrong, and the cure where there is one. */
  readonly message: string;
}

/** Why the planner refuses. It becomes the reason of the node state's condition. */
export type PlanProblemReason = (typeof REASON)[
  | 'notPlannedYet'
  | 'interfaceNotFound'
  | 'interfaceUnreadable'
  | 'vfInUse'
  | 'hostInterface'
  | 'ovsUnavailable'
  | 'bridgeForeign'
  | 'bridgeInUse'
  | 'bridgePortFailed'
  | 'stateDamaged'
  | 'stateUnreadable'
  | 'rdmaDeviceMissing'
  | 'rdmaModePending'
  | 'firmwareLocked'
  | 'firmwareNotApplied'
  | 'firmwareUnreadable'
  | 'iommuOff'
  | 'kernelArgumentsMissing'
  | 'rebootRequired'
  | 'rebootLoop'
  | 'rebootFailed'
  | 'unsupported'
  | 'specInvalid'
  | 'blocked'
  | 'guidsInvalid'
  | 'devicePluginSilent'
  | 'handoverFailed'
  | 'notWithdrawn'];

/** What will be done to a host. No `node`, empty `pfs`, `bridges`, `udev`, `problems`: the host is as it should be. */
export interface HostPlan {
  /** Absent where nothing is to be done to the node as a whole. */
  readonly node?: NodePlan;
  /** Kernel modules to load first. */
  readonly modules: readonly string[];
  /** vfio-pci has to be allowed to bind devices without an IOMMU first. */
  readonly needsNoIommu?: true;
  /** In order of PCI address; PFs are independent of each other. */
  readonly pfs: readonly PfPlan[];
  readonly problems: readonly PlanProblem[];
  /** What waits for a drain; in order of PCI address, absent where nothing does. */
  readonly needsDrain?: readonly DrainReason[];
  /** PCI addresses of devices with users that the plan goes over, because the node has been drained. */
  readonly overruled?: ReadonlySet<string>;
  /** What waits for a reboot; absent where nothing does. */
  readonly needsReboot?: readonly RebootReason[];
  /**
   * What prepares the reboot, such as values for the firmware of a PF, or kernel arguments. Nothing of it is done before
   * a reboot has been granted, and it is done last of all. There is one sentence per step. Absent where nothing is to
   * be prepared.
   */
  readonly beforeReboot?: NodePlan;
  /** Entries of the spec that are in force, or will be when the plan is carried out: their PFs are ours from now on. */
  readonly taken: readonly DesiredInterface[];
  /** PFs whose takeover has ended, by PCI address: nothing of ours is left on them. */
  readonly released: readonly string[];
  /** PFs with a record that another card has left in their slot, by PCI address: it is put aside. Absent where none have. */
  readonly setAside?: readonly string[];
  /** GUIDs that VFs were given, or are about to be, by PCI address of the PF; absent where none have any. */
  readonly guids?: ReadonlyMap<string, GuidRecord>;
  /** What people should know, and what keeps nothing from being done; absent where there is nothing. */
  readonly warnings?: readonly string[];
  /** What a host that is as wanted lacks all the same, and the cure: a sentence each; absent where it lacks nothing. */
  readonly remarks?: readonly string[];
  /** In order of their names; absent where bridges are none of our business. */
  readonly bridges?: readonly BridgePlan[];
  /** Absent where nothing is to be done to the files of udev. */
  readonly udev?: readonly UdevPlan[];
  /** Absent where no NIC has firmware that matters. */
  readonly firmware?: FirmwareOutlook;
  /** Bridges that are ours, or will be when the plan is carried out; absent where that stays as it is known. */
  readonly ownBridges?: readonly OwnBridge[];
}

/** Whether the plan changes nothing on the host. */
export function isIdle(plan: Pick<HostPlan, 'node' | 'pfs' | 'bridges' | 'udev' | 'beforeReboot'>): boolean {
  const { node, beforeReboot, pfs, bridges = [], udev = [] } = plan;
  if (node !== undefined || beforeReboot !== undefined) return false;
  return pfs.length === 0 && bridges.length === 0 && udev.length === 0;
}

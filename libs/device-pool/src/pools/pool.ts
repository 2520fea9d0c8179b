import { type DeviceHolder, type ObservedDevice } from '@sriov/observed-host';
import { type HeldBack, type Withdrawal } from '@sriov/plugin-handover';
import { type ResourceConfig, type Selector } from '../config/resource-config.ts';

/** How a device was listed that is being changed and will return so. */
export interface Returns {
  /** With its prefix. */
  readonly resource: string;
  /** Absent when it has none, or the resource excludes it. */
  readonly numaNode?: number;
}

/** Everything that decides which devices are offered. */
export interface PoolFacts {
  readonly resources: readonly ResourceConfig[];
  /**
   * Resources that the kubelet has heard of from us, and that are ours even when they are not configured any more: pods
   * may still have devices. The prefix does not tell: another device plugin of the node may use the same one.
   */
  readonly ours: ReadonlySet<string>;
  /** Prefixes of our resources. */
  readonly prefixes: readonly string[];
  readonly devices: readonly ObservedDevice[];
  /** Devices that are there and cannot be observed: the cause by their PCI address. */
  readonly unreadable: ReadonlyMap<string, string>;
  /** Who has which device, by its id; absent when that is not known, and then no device moves to another resource. */
  readonly allocated: ReadonlyMap<string, readonly DeviceHolder[]> | undefined;
  /** Devices that the kubelet is giving to pods at this moment: the resource by their ids. */
  readonly starting: ReadonlyMap<string, string>;
  readonly withdrawn: readonly Withdrawal[];
  /** The resource in which each device was listed last, by its id. */
  readonly known: ReadonlyMap<string, string>;
  /** Withdrawn devices that will be there again as the same resource, by their ids: allocations wait for them. */
  readonly returning: ReadonlyMap<string, Returns>;
  /**
   * Withdrawn devices that were there before, by their ids. Another process of the plugin may have listed one, and the
   * kubelet may be giving it to a pod: a kubelet that then finds it in no list ends by a nil pointer.
   */
  readonly mayBeListed: ReadonlySet<string>;
}

/** What a container gets beside the device, as the selector says that won it. */
export type Wants = Pick<Selector, 'isRdma' | 'needVhostNet' | 'vdpaType'>;

/** A device as the kubelet is told of it. */
export interface PooledDevice {
  readonly id: string;
  readonly isHealthy: boolean;
  /** It is being changed, and an allocation of it has to wait until it is no longer held. */
  readonly isHeld?: true;
  /** Absent when it has none, or the resource excludes it. */
  readonly numaNode?: number;
  /** Absent when it cannot be observed now. */
  readonly device?: ObservedDevice;
  readonly wants: Wants;
}

/** A resource and its devices. */
export interface Pool {
  readonly resource: Omit<ResourceConfig, 'selectors'>;
  /** False for a resource that is no longer configured, and of which pods have devices. */
  readonly isConfigured: boolean;
  /** In the order in which they were observed. */
  readonly devices: readonly PooledDevice[];
}

/** What is offered, and what is not. */
export interface PoolsPlan {
  readonly pools: readonly Pool[];
  readonly heldBack: readonly HeldBack[];
}

/** What devlink tells of an eSwitch beside its mode. The operator sets neither. */
export interface ESwitchHeaders {
  /** Headers that a VF has to put into the descriptor of a packet: `none`, `link`, `network` or `transport`. */
  readonly inlineMode?: string;
  /** Whether packets in a tunnel can be offloaded: `none` or `basic`. */
  readonly encapMode?: string;
}

/**
 * `off` can be changed, `fixed` is off for good: the driver lets nobody change it.
 */
export type TcOffload = 'on' | 'off' | 'fixed';

/** What hardware offload of traffic rules needs of a PF in switchdev mode, as far as the device has it. */
export interface ObservedOffload {
  /** The feature `hw-tc-offload` of its network interface; absent where the kernel does not know it. */
  readonly tc?: TcOffload;
  /** The parameter `flow_steering_mode`; absent where the driver has none. */
  readonly steering?: FlowSteering;
  /** What could not be read: a sentence each, with the command and the cause. */
  readonly unknown?: readonly string[];
}

/** Who puts traffic rules into the NIC: `dmfs` its firmware, `smfs` the driver, `hmfs` the NIC itself. */
export interface FlowSteering {
  readonly mode: string;
  /** When a change counts, in devlink's word: `runtime`. */
  readonly cmode: string;
}

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

/**
 * Whether Open vSwitch hands traffic rules to NICs (`other_config:hw-offload`), or why its database could not be read,
 * although somebody listens there.
 */
export type OvsOffload =
  | {
      readonly kind: 'seen';
      /** Absent where nobody has set it, which counts as `false`. */
      readonly value?: string;
      /** The operator has set it while the ovs-vswitchd ran that runs now, and that has to be restarted for it. */
      readonly awaitsRestart?: true;
    }
  | { readonly kind: 'unseen'; readonly cause: string };

/** Who puts traffic rules into the NIC: `dmfs` its firmware, `smfs` the driver, `hmfs` the NIC itself. */
export interface FlowSteering {
  readonly mode: string;
  /** When a change counts, in devlink's word: `runtime`. */
  readonly cmode: string;
}

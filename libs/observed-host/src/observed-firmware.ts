/** A setting of the firmware of a NIC. */
export interface FirmwareSetting<T> {
  /** What the running firmware has; absent where it does not tell. */
  readonly current?: T;
  /** What it has after its next start. */
  readonly next: T;
}

/** The settings of the firmware of a NIC that bear on VFs, for all its ports. */
export interface ObservedFirmware {
  /** Most VFs of each port (`NUM_OF_VFS`). */
  readonly numOfVfs: FirmwareSetting<number>;
  /** `SRIOV_EN`; absent where the NIC has no such setting. */
  readonly sriovEnabled?: FirmwareSetting<boolean>;
  /** `LINK_TYPE_P1` and `LINK_TYPE_P2` as the firmware names them, `ETH` or `IB` among them; absent where the port has none. */
  readonly linkTypes: { readonly 1?: FirmwareSetting<string>; readonly 2?: FirmwareSetting<string> };
  /** The NIC is a DPU whose own processor has it: a reboot of the host does not start its firmware anew. */
  readonly isDpu: boolean;
}

/** What was read of the firmware of a NIC, or why nothing was: a sentence without a full stop. */
export type FirmwareReading =
  | { readonly kind: 'read'; readonly firmware: ObservedFirmware }
  | { readonly kind: 'unread'; readonly cause: string }
  /** The kernel is locked down: no tool reaches the firmware. The word is the kernel's for how far. */
  | { readonly kind: 'locked'; readonly lockdown: string };

/** Settings of the firmware of a NIC to be written. */
export interface FirmwareChange {
  readonly numOfVfs?: number;
  /** SR-IOV is only ever switched on. */
  readonly sriovEnabled?: true;
  readonly linkTypes?: { readonly 1?: FirmwareLinkType; readonly 2?: FirmwareLinkType };
}

/** A change as the words that mstconfig takes; none where nothing is to be written. */
export function firmwareWords({ sriovEnabled, numOfVfs, linkTypes = {} }: FirmwareChange): string[] {
  return [
    ...(sriovEnabled === undefined ? [] : ['SRIOV_EN=True']),
    ...(numOfVfs === undefined ? [] : [`NUM_OF_VFS=${numOfVfs}`]),
    ...(linkTypes[1] === undefined ? [] : [`LINK_TYPE_P1=${linkTypes[1]}`]),
    ...(linkTypes[2] === undefined ? [] : [`LINK_TYPE_P2=${linkTypes[2]}`]),
  ];
}

/** A link type that a port can be given. */
export type FirmwareLinkType = 'ETH' | 'IB';

import { type FirmwareReading } from '@sriov/observed-host';

/** What is known of the firmware of NICs, by PCI address of the NIC: see {@link cardAddress}. */
export interface FirmwareFacts {
  /** What was read; nothing of NICs that nobody has asked yet. */
  readonly readings: ReadonlyMap<string, FirmwareReading>;
  /** Settings for which a reboot was begun. */
  readonly awaited: ReadonlyMap<string, AwaitedFirmware>;
  /** Of the kernel that runs; absent where it cannot be read. */
  readonly bootId?: string;
  /** Why the firmware is left alone: a clause; absent where it is not. */
  readonly isOff?: string;
}

/** Settings of the firmware of a NIC that a reboot should bring into force. */
export interface AwaitedFirmware {
  /** Words of mstconfig, such as `SRIOV_EN=True NUM_OF_VFS=12`. */
  readonly settings: string;
  /** Of the kernel that ran before the reboot. */
  readonly bootId: string;
}

/** What a plan says of the firmware of NICs, by PCI address of the NIC. */
export interface FirmwareOutlook {
  /** NICs of which nothing can be decided before their firmware is read, and ports of them to read it by. */
  readonly needed: ReadonlyMap<string, string>;
  /** NICs whose firmware may lose at its next start what it has now; likewise. */
  readonly optional: ReadonlyMap<string, string>;
  /** Settings that the firmware has for its next start, and that only wait for a reboot: words of mstconfig. */
  readonly ready: ReadonlyMap<string, string>;
  /** NICs whose awaited settings are in force, or wanted no more. */
  readonly settled: readonly string[];
}

/** The NIC of a port: its PCI address without the number of the function. Its ports share one firmware. */
export function cardAddress(pciAddress: string): string {
  return pciAddress.slice(0, pciAddress.lastIndexOf('.'));
}

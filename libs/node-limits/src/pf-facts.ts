import { type LinkType, type ObservedInterface, omitUndefined } from '@sriov/api';

/** What limits a PF. The daemon reads it from its host; all others read it from the status of the node state. */
export interface PfFacts {
  /** Four lower-case hex digits; absent when it is not reported. */
  readonly vendor: string | undefined;
  /** A kernel driver is bound to the PF. */
  readonly hasDriver: boolean;
  /** Most VFs that the PF can have now; absent when it has no SR-IOV capability. */
  readonly totalVfs: number | undefined;
  /** VFs that are there. */
  readonly numVfs: number;
  readonly driver: string | undefined;
  readonly eSwitchMode: 'legacy' | 'switchdev' | 'unknown';
  /** Whether the PF has an eSwitch whose mode can be changed; `undefined` where nobody knows that. */
  readonly hasESwitch: boolean | undefined;
  /** Why devlink does not tell the mode, also of a PF that its interface shows not to be in switchdev mode; absent when it is not reported. */
  readonly eSwitchUnknown: string | undefined;
  readonly linkType: LinkType;
  /** Bytes; absent while the PF has no network interface in the host's namespace. */
  readonly mtu: number | undefined;
  /** Largest MTU that the driver accepts; absent when it is not reported. */
  readonly maxMtu: number | undefined;
  /** It is a port of a virtual machine, and so a VF itself. */
  readonly isPort: boolean;
}

/** What the status of a PF says as its eSwitch mode where it could not be read. */
export const ESWITCH_UNKNOWN = 'unknown';

/**
 * Drivers whose devices have no eSwitch to be in another mode: they register nothing with devlink, or no operation that
 * sets the mode (eswitch_mode_set of struct devlink_ops).
 */
const WITHOUT_ESWITCH = ['i40e', 'igb', 'igc', 'ixgbe', 'qede'];

/** Whether it is known of a driver that its PFs have no eSwitch. */
export function lacksESwitch(driver: string | undefined): boolean {
  return driver !== undefined && WITHOUT_ESWITCH.includes(driver);
}

/** The facts as the node has reported them. */
export function factsOfStatus(nic: ObservedInterface): PfFacts {
  const { vendor, driver, name, totalvfs, eSwitchMode, linkType, mtu, netFilter } = nic;
  return {
    vendor,
    // Only a driver makes a network interface.
    hasDriver: Boolean(driver) || name !== undefined,
    totalVfs: totalvfs,
    numVfs: presentVfs(nic),
    eSwitchMode: eSwitchMode === 'switchdev' || eSwitchMode === ESWITCH_UNKNOWN ? eSwitchMode : 'legacy',
    eSwitchUnknown: undefined,
    driver,
    hasESwitch: lacksESwitch(driver) ? false : undefined,
    linkType: readLinkType(linkType),
    mtu,
    maxMtu: undefined,
    isPort: Boolean(netFilter),
  };
}

/** What of a reported PF its limits are read from. Caches that keep less of a node state keep this. */
export function limitingFields(nic: ObservedInterface): Partial<ObservedInterface> {
  const { driver, name, vendor, totalvfs, eSwitchMode, linkType, mtu, netFilter } = nic;
  const numVfs = tellsOfVfs(nic) ? presentVfs(nic) : undefined;
  return omitUndefined({ driver, name, vendor, totalvfs, eSwitchMode, linkType, mtu, numVfs, netFilter });
}

/** Number of VFs that the node reports of the PF. */
export function presentVfs({ numVfs, Vfs }: ObservedInterface): number {
  return numVfs ?? Vfs?.length ?? 0;
}

/**
 * Whether the node reports the VFs of the PF at all. A daemon writes nothing where there are no VFs, so only the driver
 * distinguishes its report from what somebody has written by hand.
 */
export function tellsOfVfs({ driver, name, numVfs, Vfs }: ObservedInterface): boolean {
  return numVfs !== undefined || Vfs !== undefined || driver !== undefined || name === undefined;
}

function readLinkType(text = ''): LinkType {
  const upper = text.toUpperCase();
  return upper === 'ETH' || upper === 'IB' ? upper : '';
}

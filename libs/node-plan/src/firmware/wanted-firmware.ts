import { type DesiredInterface } from '@sriov/api';
import { type FirmwareNeed } from '@sriov/node-limits';
import {
  type FirmwareChange,
  type FirmwareLinkType,
  type ObservedFirmware,
  type ObservedPf,
} from '@sriov/observed-host';
import { cardAddress } from './firmware-facts.ts';

/** A port that policies want something of. */
export interface WantedPort {
  readonly desired: DesiredInterface;
  readonly observed: ObservedPf;
  /** What only other settings of the firmware bring; absent where the running firmware will do. */
  readonly need?: FirmwareNeed | undefined;
}

/** What policies want of NICs. */
export interface WantedPorts {
  /** Ports that are there, and that nothing else stands in the way of. */
  readonly ports: readonly WantedPort[];
  /** NICs that the spec has an entry of, whether or not they are there. */
  readonly entries: ReadonlySet<string>;
}

/** The ports of a NIC that policies want something of: they decide about its firmware together. */
export interface WantedCard {
  readonly card: string;
  /** Which is asked and told: the lowest PCI address. */
  readonly first: WantedPort;
  /** In order of PCI address. */
  readonly ports: readonly WantedPort[];
}

/** The NICs of the ports, in order of PCI address. */
export function cardsOf(ports: readonly WantedPort[]): WantedCard[] {
  const byCard = new Map<string, [WantedPort, ...WantedPort[]]>();
  const ordered = [...ports].sort((a, b) => (a.observed.pciAddress < b.observed.pciAddress ? -1 : 1));
  for (const port of ordered) {
    const card = cardAddress(port.observed.pciAddress);
    const known = byCard.get(card);
    if (known) known.push(port);
    else byCard.set(card, [port]);
  }
  return [...byCard].map(([card, all]) => ({ card, first: all[0], ports: all }));
}

/** Number of a port on its NIC, as the firmware counts; nothing for functions beyond the second, which are no ports. */
export function portNumber({ observed }: Pick<WantedPort, 'observed'>): 1 | 2 | undefined {
  if (observed.pciAddress.endsWith('.0')) return 1;
  return observed.pciAddress.endsWith('.1') ? 2 : undefined;
}

/**
 * What the ports want of the firmware: `NUM_OF_VFS` counts for each port, so the one that wants most decides. Link types
 * are wanted where a policy names one.
 */
export function wantedSettings({ ports }: WantedCard): FirmwareChange {
  const numOfVfs = Math.max(...ports.map(({ desired }) => desired.numVfs ?? 0));
  const [type1, type2] = [linkTypeOf(ports, 1), linkTypeOf(ports, 2)];
  return {
    ...(numOfVfs > 0 && { sriovEnabled: true as const, numOfVfs }),
    ...((type1 ?? type2) && { linkTypes: { ...(type1 && { 1: type1 }), ...(type2 && { 2: type2 }) } }),
  };
}

function linkTypeOf(ports: readonly WantedPort[], number: 1 | 2): FirmwareLinkType | undefined {
  const wanted = ports.find((port) => portNumber(port) === number)?.desired.linkType?.toUpperCase();
  return wanted === 'ETH' || wanted === 'IB' ? wanted : undefined;
}

/**
 * What has to be written so that the firmware has the settings after its next start. Numbers are only raised: a larger
 * one does no harm, and lowering it would cost a reboot to have it back.
 */
export function missingSettings(wanted: FirmwareChange, firmware: ObservedFirmware): FirmwareChange {
  const { numOfVfs = 0, sriovEnabled, linkTypes } = wanted;
  const isOff = sriovEnabled && firmware.sriovEnabled?.next === false;
  const [type1, type2] = ([1, 2] as const).map((port) => {
    const type = linkTypes?.[port];
    return type !== firmware.linkTypes[port]?.next && firmware.linkTypes[port] ? type : undefined;
  });
  return {
    ...(isOff && { sriovEnabled: true as const }),
    ...(firmware.numOfVfs.next < numOfVfs && { numOfVfs }),
    ...((type1 ?? type2) && { linkTypes: { ...(type1 && { 1: type1 }), ...(type2 && { 2: type2 }) } }),
  };
}

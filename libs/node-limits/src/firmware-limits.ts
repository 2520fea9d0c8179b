import { type DesiredInterface, type ObservedInterface } from '@sriov/api';
import { factsOfStatus, type PfFacts } from './pf-facts.ts';

/** NICs of this vendor keep the limit of their VFs, and the type of their ports, in the firmware. */
const KEEPS_IT_IN_FIRMWARE = '15b3';
/** As many VFs as admission of upstream lets a policy ask for. What the firmware of a NIC takes may be less. */
const FIRMWARE_LIMIT = 128;

/**
 * Most VFs that the PF could ever have: what it allows now, or, where the firmware can be changed, what the firmware
 * accepts. A number between the two takes a change of the firmware and a reboot. A port of a virtual machine is its own
 * and only VF.
 */
export function reachableVfs({
  vendor,
  totalVfs = 0,
  isPort,
}: Pick<PfFacts, 'vendor' | 'totalVfs' | 'isPort'>): number {
  if (isPort) return 1;
  return vendor === KEEPS_IT_IN_FIRMWARE ? Math.max(totalVfs, FIRMWARE_LIMIT) : totalVfs;
}

/** What only other settings of the firmware, and a reboot, bring. */
export interface FirmwareNeed {
  /** VFs that are wanted, where the running firmware allows fewer. */
  readonly numVfs?: number;
  /** The link type that is wanted, where the port has another. */
  readonly linkType?: 'ETH' | 'IB';
  /** What is wanted and what is there: a clause such as `12 VFs are wanted, and the firmware allows 4`. */
  readonly why: string;
}

/** What of an entry only other settings of the firmware bring; nothing where the running firmware will do. */
export function findFirmwareNeed(desired: DesiredInterface, facts: PfFacts): FirmwareNeed | undefined {
  if (facts.vendor !== KEEPS_IT_IN_FIRMWARE || facts.isPort || desired.externallyManaged === true) return undefined;
  const numVfs = neededVfs(desired, facts);
  const linkType = neededType(desired, facts);
  const why = [
    ...(numVfs === undefined ? [] : [`${numVfs} VFs are wanted, and the firmware ${describeTotal(facts)}`]),
    ...(linkType === undefined ? [] : [`link type ${linkType} is wanted, and the port has ${facts.linkType}`]),
  ];
  if (why.length === 0) return undefined;
  return { ...(numVfs !== undefined && { numVfs }), ...(linkType && { linkType }), why: why.join('; ') };
}

/** The same of a PF that a node has reported. */
export function findReportedNeed(desired: DesiredInterface, nic: ObservedInterface): FirmwareNeed | undefined {
  return findFirmwareNeed(desired, factsOfStatus(nic));
}

/** The facts as they are once the firmware has the settings that the entry needs. */
export function withFirmware(desired: DesiredInterface, facts: PfFacts): PfFacts {
  const { numVfs = facts.totalVfs, linkType = facts.linkType } = findFirmwareNeed(desired, facts) ?? {};
  return { ...facts, totalVfs: numVfs, linkType };
}

function neededVfs({ numVfs = 0 }: DesiredInterface, facts: PfFacts): number | undefined {
  return numVfs > (facts.totalVfs ?? 0) && numVfs <= reachableVfs(facts) ? numVfs : undefined;
}

function neededType({ linkType = '' }: DesiredInterface, { linkType: present }: PfFacts): FirmwareNeed['linkType'] {
  const wanted = linkType.toUpperCase();
  return present !== '' && wanted !== present && (wanted === 'ETH' || wanted === 'IB') ? wanted : undefined;
}

function describeTotal({ totalVfs }: PfFacts): string {
  return totalVfs === undefined ? 'has SR-IOV switched off' : `allows ${totalVfs}`;
}

import { REASON } from '@sriov/api';
import { type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { pfTitle } from '../words/pf-title.ts';
import { holderOf } from './in-use.ts';
import { identityOf, problemOf, vfsOf } from './pf-rules.ts';
import { type PlanProblem } from './steps.ts';
import { ownMac } from './vf-mac.ts';

/** What tells the card in a slot from another one. */
export interface Card {
  /** PCI ids: four lower-case hex digits. */
  readonly vendor: string;
  readonly deviceId: string;
  /** The address that the port was made with: a MAC address, or the GUID of an InfiniBand port. Absent where it is not known. */
  readonly address?: string | undefined;
}

/** The card of a PF, as far as it can be seen. */
export function cardOf(pf: ObservedPf): Card {
  const { vendor, deviceId, link } = pf;
  const address = link?.isMacAssigned === true ? '' : ownMac(pf);
  return { vendor, deviceId, ...(address !== '' && { address }) };
}

/**
 * Whether the two are different cards. Addresses decide where both are known, because firmware can change the ids of a
 * card. What is not known is no difference.
 */
export function isOtherCard(known: Card | undefined, seen: Card): boolean {
  if (known === undefined) return false;
  if (known.address !== undefined && seen.address !== undefined) return known.address !== seen.address;
  return known.vendor !== seen.vendor || known.deviceId !== seen.deviceId;
}

/** What is known of a card, with what a look shows of it. */
export function joinCards(known: Card | undefined, seen: Card): Card {
  return seen.address === undefined && known !== undefined ? known : seen;
}

/**
 * Why VFs of a PF are not removed although a record calls them ours: the record knows the address of the card, and the PF
 * shows none that could be compared. Who has the PF itself is a reason of its own.
 */
export function findUnseenCard(known: Card | undefined, pf: ObservedPf): PlanProblem | undefined {
  if (known?.address === undefined || pf.link !== undefined || holderOf(pf) !== undefined) return undefined;
  // The port of a guest has no VFs beside itself, and shows no interface because the operator has bound it.
  if (vfsOf(pf).length === 0 || pf.port !== undefined) return undefined;
  const message = `no policy wants its VFs, and it shows no network interface, so nobody can tell whether it is still the card that the operator configured (${describeCard(known)}): its VFs stay until it shows one`;
  return problemOf(pf, REASON.interfaceNotFound, message);
}

/** PFs with a record that another card in their slot has left: a sentence by PCI address. */
export function findReplaced(
  cards: ReadonlyMap<string, Card>,
  { interfaces }: Pick<ObservedHost, 'interfaces'>,
): ReadonlyMap<string, string> {
  const replaced = interfaces.filter((pf) => isOtherCard(cards.get(pf.pciAddress), cardOf(pf)));
  return new Map(replaced.map((pf) => [pf.pciAddress, describeReplaced(pf, cards.get(pf.pciAddress))]));
}

function describeReplaced(pf: ObservedPf, known: Card | undefined): string {
  const before = known === undefined ? '' : ` (${describeCard(known)})`;
  return `${pfTitle(identityOf(pf))}: another card is in the slot (${describeCard(cardOf(pf))}) than the one that the operator configured${before}: the record of that one does not count for it, so nothing of it is given back or removed`;
}

function describeCard({ vendor, deviceId, address }: Card): string {
  return [`${vendor}:${deviceId}`, ...(address === undefined ? [] : [address])].join(' ');
}

import { REASON } from '@sriov/api';
import { type FirmwareReading, type FirmwareSetting, firmwareWords, type ObservedFirmware } from '@sriov/observed-host';
import { identityOf, problemOf } from '../planning/pf-rules.ts';
import { type NodePlan, type NodeStep, type PlanProblem, type RebootReason } from '../planning/steps.ts';
import { pfTitle } from '../words/pf-title.ts';
import { type AwaitedFirmware, type FirmwareFacts, type FirmwareOutlook } from './firmware-facts.ts';
import {
  cardsOf,
  missingSettings,
  portNumber,
  type WantedCard,
  type WantedPort,
  type WantedPorts,
  wantedSettings,
} from './wanted-firmware.ts';

/** What becomes of the firmware of NICs. */
export interface FirmwareResult {
  readonly problems: readonly PlanProblem[];
  readonly needsReboot: readonly RebootReason[];
  /** Settings that come with a reboot. Nothing of it is written before one is granted. */
  readonly beforeReboot?: NodePlan;
  /** Settings that the firmware has, and would lose at its next start. No reboot is needed for them. */
  readonly repairs?: NodePlan;
  readonly outlook: FirmwareOutlook;
}

const NOBODY: FirmwareFacts = { readings: new Map(), awaited: new Map() };

/**
 * Decides about the firmware of the NICs of the ports. Where the running firmware will do nothing needs a reboot, and
 * the firmware need not be readable.
 */
export function planFirmware({ ports, entries }: WantedPorts, facts: FirmwareFacts = NOBODY): FirmwareResult {
  const cards = cardsOf(ports);
  const needing = cards.filter((card) => card.ports.some(({ need }) => need !== undefined));
  const others = cards.filter((card) => !needing.includes(card));
  const results = needing.map((card) => ({ card, ...planCard(card, facts) }));
  const repairs = planOf(others.flatMap((card) => planRepair(card, facts) ?? []));
  const beforeReboot = planOf(results.flatMap(({ write }) => write ?? []));
  const waiting = results.filter(({ reason }) => reason !== undefined);
  return {
    problems: results.flatMap(({ problems }) => problems),
    needsReboot: waiting.flatMap(({ reason }) => reason ?? []),
    ...(beforeReboot && { beforeReboot }),
    ...(repairs && { repairs }),
    outlook: {
      needed: facts.isOff === undefined ? unreadOf(needing, facts) : new Map(),
      optional: facts.isOff === undefined ? unreadOf(others, facts) : new Map(),
      ready: new Map(
        waiting
          .filter(({ card, write }) => write === undefined && facts.readings.has(card.card))
          .map(({ card }) => [card.card, wordsOf(card)]),
      ),
      // A NIC that is not seen now, or that something else stands in the way of, is not settled.
      settled: [...facts.awaited.keys()].filter(
        (card) => !entries.has(card) || others.some((other) => other.card === card),
      ),
    },
  };
}

/** A write, and why. */
interface Write {
  readonly because: string;
  readonly step: NodeStep;
}

function planOf(writes: readonly Write[]): NodePlan | undefined {
  if (writes.length === 0) return undefined;
  return { because: writes.map(({ because }) => because), steps: writes.map(({ step }) => step) };
}

function unreadOf(cards: readonly WantedCard[], { readings }: FirmwareFacts): Map<string, string> {
  const unread = cards.filter(({ card }) => !readings.has(card));
  return new Map(unread.map(({ card, first }) => [card, first.observed.pciAddress]));
}

function wordsOf(card: WantedCard): string {
  return firmwareWords(wantedSettings(card)).join(' ');
}

interface CardResult {
  readonly problems: readonly PlanProblem[];
  readonly reason?: RebootReason;
  readonly write?: Write;
}

/** A NIC that has to have other settings, and a reboot. */
function planCard(card: WantedCard, facts: FirmwareFacts): CardResult {
  const needing = card.ports.filter(({ need }) => need !== undefined);
  const refusal = refuseCard(card, facts);
  if (refusal !== undefined) {
    const problems = needing.map(({ observed, need }) =>
      problemOf(observed, refusal.reason, `${need?.why ?? ''}; ${refusal.message}`),
    );
    return { problems };
  }
  const refused = needing.flatMap((port) => refusePort(port, firmwareOf(card, facts)) ?? []);
  // The ports share their firmware: what one of them cannot have is not written for the other either.
  if (refused.length > 0) return { problems: [...refused, ...describeOthers(needing, refused)] };
  const { pciAddress } = card.first.observed;
  const why = needing.map(({ observed, need }) => `${pfTitle(identityOf(observed))}: ${need?.why ?? ''}`).join('; ');
  const reason: RebootReason = { kind: 'firmware', pciAddress, why: `${why}; it comes with the start of the firmware` };
  const firmware = firmwareOf(card, facts);
  const write = firmware && writeOf(card, firmware);
  return { problems: [], reason, ...(write && { write }) };
}

/** Ports that could have what they need, were it not for another one of their NIC. */
function describeOthers(needing: readonly WantedPort[], refused: readonly PlanProblem[]): PlanProblem[] {
  const addresses = refused.flatMap(({ pciAddress }) => pciAddress ?? []);
  return needing
    .filter(({ observed }) => !addresses.includes(observed.pciAddress))
    .map(({ observed, need }) => {
      const message = `${need?.why ?? ''}; the firmware is left as it is, because another port of the NIC (${addresses.join(', ')}) wants of it what it cannot have: change the policy of that port`;
      return problemOf(observed, REASON.unsupported, message);
    });
}

function firmwareOf({ card }: WantedCard, { readings }: FirmwareFacts): ObservedFirmware | undefined {
  const reading = readings.get(card);
  return reading?.kind === 'read' ? reading.firmware : undefined;
}

interface CardRefusal {
  readonly reason: PlanProblem['reason'];
  /** What keeps the settings from being written, and the cure. */
  readonly message: string;
}

/** Why the settings of a NIC are not changed. */
function refuseCard(card: WantedCard, facts: FirmwareFacts): CardRefusal | undefined {
  const words = wordsOf(card);
  const byHand = `set ${words} with mstconfig`;
  if (facts.isOff !== undefined) {
    return { reason: REASON.unsupported, message: `${facts.isOff}: ${byHand}, and reboot the node` };
  }
  const refusal = refuseReading(facts.readings.get(card.card), byHand);
  if (refusal !== undefined || !wasInVain(words, facts.awaited.get(card.card), facts.bootId)) return refusal;
  return { reason: REASON.firmwareNotApplied, message: describeNotApplied(words, firmwareOf(card, facts)) };
}

function refuseReading(reading: FirmwareReading | undefined, byHand: string): CardRefusal | undefined {
  if (reading?.kind === 'locked') {
    const message = `the kernel is locked down (${reading.lockdown}), as it is with Secure Boot, which keeps every tool from the firmware: ${byHand} while it is not, or in the setup of the BIOS, and reboot the node`;
    return { reason: REASON.firmwareLocked, message };
  }
  if (reading?.kind === 'unread') {
    return { reason: REASON.firmwareUnreadable, message: `the firmware could not be read: ${reading.cause}` };
  }
  if (reading?.firmware.isDpu !== true) return undefined;
  const message = `the NIC is a BlueField in DPU mode, whose firmware does not start with the host: ${byHand} from the DPU, or put it into NIC mode, and power cycle the machine`;
  return { reason: REASON.unsupported, message };
}

/** Whether the node was rebooted for these settings already. */
function wasInVain(words: string, before: AwaitedFirmware | undefined, bootId: string | undefined): boolean {
  return before?.settings === words && bootId !== undefined && before.bootId !== bootId;
}

function describeNotApplied(words: string, firmware: ObservedFirmware | undefined): string {
  const has = firmware === undefined ? '' : `, and has ${describeFirmware(firmware)}`;
  return `the node was rebooted for ${words}, and the firmware has not taken it over${has}: start the firmware anew (mstfwreset, or switch the machine off and on), or look into the BIOS whether SR-IOV is on; the node is not rebooted for it again`;
}

/** Why a port cannot have the link type that is wanted. */
function refusePort(port: WantedPort, firmware: ObservedFirmware | undefined): PlanProblem | undefined {
  const { observed, need } = port;
  if (need?.linkType === undefined) return undefined;
  const why = findTypeFault(portNumber(port), firmware);
  return why === undefined ? undefined : problemOf(observed, REASON.unsupported, `${need.why}; ${why}`);
}

function findTypeFault(number: 1 | 2 | undefined, firmware: ObservedFirmware | undefined): string | undefined {
  if (number === undefined) return 'only the first two functions of a NIC are ports whose type the firmware knows';
  if (firmware === undefined) return undefined;
  const known = firmware.linkTypes[number];
  if (known === undefined) {
    return `the firmware has no setting LINK_TYPE_P${number}: the NIC has ports of one type only`;
  }
  const present = known.current ?? known.next;
  if (present === 'ETH' || present === 'IB') return undefined;
  return `the firmware has ${present} as LINK_TYPE_P${number}, which is changed by hand alone`;
}

function writeOf(card: WantedCard, firmware: ObservedFirmware): Write | undefined {
  const change = missingSettings(wantedSettings(card), firmware);
  if (firmwareWords(change).length === 0) return undefined;
  const { pciAddress, name } = identityOf(card.first.observed);
  return {
    because: `the firmware of ${pfTitle({ pciAddress, name })} has ${describeFirmware(firmware)}, and ${wordsOf(card)} is wanted`,
    step: { kind: 'write-firmware', pciAddress, name, change },
  };
}

/** A NIC whose running firmware will do, and whose next start would take away what policies want. */
function planRepair(card: WantedCard, facts: FirmwareFacts): Write | undefined {
  const firmware = firmwareOf(card, facts);
  if (firmware === undefined || firmware.isDpu || facts.isOff !== undefined) return undefined;
  return writeOf(card, firmware);
}

/** What the firmware has now and after its next start, in its own words. */
function describeFirmware({ numOfVfs, sriovEnabled, linkTypes }: ObservedFirmware): string {
  return [
    ...describeSetting('SRIOV_EN', sriovEnabled),
    ...describeSetting('NUM_OF_VFS', numOfVfs),
    ...describeSetting('LINK_TYPE_P1', linkTypes[1]),
    ...describeSetting('LINK_TYPE_P2', linkTypes[2]),
  ].join(' ');
}

function describeSetting(name: string, setting: FirmwareSetting<number | boolean | string> | undefined): string[] {
  if (setting === undefined) return [];
  const { current, next } = setting;
  if (current === undefined) return [`${name}=${printed(next)} after its next start`];
  return [`${name}=${printed(current)}${current === next ? '' : ` (${printed(next)} after its next start)`}`];
}

function printed(value: number | boolean | string): string {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

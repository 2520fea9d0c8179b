import { messageOf } from '@sriov/errors';
import { cardOf, type HostPlan, type InitialPf, pfTitle, type StepName } from '@sriov/node-plan';
import { type ObservedPf } from '@sriov/observed-host';
import { type FailedStep, failedStep } from '../steps/failed-step.ts';
import { type Gathered } from '../gather.ts';
import { type FoundPf, type Journal, type JournalEntries } from './journal.ts';
import { recordVfChanges } from '../plugin-restart/apply-restart.ts';

/**
 * Writes into the journal which PFs the operator is responsible for: every PF whose entry is in force or will be,
 * before anything is done to it. PFs on which nothing of ours is left are removed from the journal, and records of cards
 * that are gone are put aside. It also writes which bridges are the operator's, and why the device plugin will have to
 * be restarted. Returns what could not be written. Nothing may be done then to the PF that it is about, or to the host
 * where it is about none: after a crash nobody would know to whom the VFs belong.
 */
export async function takeOver(
  journal: Journal,
  gathered: Gathered,
  { plan, because, isRebootGranted = false, left = new Set() }: Begun,
): Promise<FailedStep[]> {
  const { journal: known } = gathered;
  const ofNode = await attempt(NODE, async () => {
    await recordVfChanges(journal, known.plugin, because);
    await recordBridges(journal, gathered, plan);
    await recordGuestPorts(journal, gathered);
    await recordFirmware(journal, gathered, { plan, isRebootGranted });
  });
  if (ofNode.length > 0) return ofNode;
  const present = new Map(gathered.facts.observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  const taken = new Map(plan.taken.map((entry) => [entry.pciAddress, entry]));
  const setAside = new Set(plan.setAside);
  const released = [...plan.released, ...unfinished(gathered, plan)];
  const failures: FailedStep[] = [];
  const concerned = new Set([...setAside, ...taken.keys(), ...(plan.guids?.keys() ?? []), ...released]);
  for (const pciAddress of [...concerned].filter((each) => !left.has(each))) {
    const pf = present.get(pciAddress);
    const work = async (): Promise<void> => {
      const entries = setAside.has(pciAddress) ? await journal.putAside(pciAddress, known) : known;
      const record = plan.guids?.get(pciAddress);
      if (record !== undefined) await journal.recordGuids(pciAddress, record, known);
      const entry = taken.get(pciAddress);
      if (entry !== undefined && pf !== undefined) await journal.own(entry, entries, foundPf(pf, gathered, entries));
      if (entry === undefined && released.includes(pciAddress)) await journal.release(pciAddress);
    };
    failures.push(...(await attempt({ pciAddress, pf: pfTitle({ pciAddress, name: pf?.link?.name }) }, work)));
  }
  return failures;
}

/** What is about to be done, and why the device plugin will have to be restarted. */
interface Begun {
  readonly plan: HostPlan;
  readonly because: readonly string[];
  /** The node may be rebooted at the end of the pass. */
  readonly isRebootGranted?: boolean;
  /** PFs of which nothing is written, because a step of theirs has failed, by PCI address. */
  readonly left?: ReadonlySet<string>;
}

const NODE = { pciAddress: '', pf: 'the node' };

/** What could not be written, with what is not done for that reason. */
async function attempt(about: Pick<StepName, 'pciAddress' | 'pf'>, work: () => Promise<void>): Promise<FailedStep[]> {
  try {
    await work();
    return [];
  } catch (cause) {
    const isNode = about.pciAddress === '';
    const [subject, object] = isNode ? ['', 'the host'] : [`${about.pf}: `, 'it'];
    const message = `${subject}the state folder cannot be written, so nothing is done to ${object}: ${messageOf(cause)}: make it writable, or choose another with --state-folder`;
    return [failedStep({ ...about, kind: 'write-journal', step: 'write the journal' }, cause, message)];
  }
}

/** A reboot is about to bring settings that wait for nothing else; others are in force, or wanted no more. */
async function recordFirmware(
  journal: Journal,
  { journal: known, facts }: Gathered,
  { plan, isRebootGranted }: Pick<Begun, 'plan'> & { readonly isRebootGranted: boolean },
): Promise<void> {
  const { settled = [], ready = new Map<string, string>() } = plan.firmware ?? {};
  const awaited = new Map([...known.firmware].filter(([card]) => !settled.includes(card)));
  const bootId = facts.firmware?.bootId;
  if (isRebootGranted && bootId !== undefined) {
    for (const [card, settings] of ready) awaited.set(card, { settings, bootId });
  }
  await journal.recordFirmware(awaited, known.firmware);
}

/** On bare metal nothing is known of ports. */
async function recordGuestPorts(journal: Journal, { platform, journal: known }: Gathered): Promise<void> {
  if (platform !== undefined) await journal.recordGuestPorts(platform.known, known.guestPorts);
}

/** Which bridges are ours stays as it is known where the plan does not say it. */
async function recordBridges(journal: Journal, { journal: known }: Gathered, { ownBridges }: HostPlan): Promise<void> {
  if (ownBridges !== undefined) await journal.ownBridges(ownBridges, known.bridges);
}

function foundPf(pf: ObservedPf, gathered: Gathered, known: JournalEntries): FoundPf {
  return { initial: initialOf(pf, gathered, known), card: cardOf(pf) };
}

/**
 * What a PF was before it was ours. One that is ours already has been changed, so what it shows now is not that: then
 * only what the records tell is known. Driver probing is on wherever nobody has switched it off. A PF that is not in
 * switchdev mode is recorded as in legacy mode although devlink cannot tell: when it can, the mode may be another one.
 */
function initialOf(
  {
    pciAddress,
    link,
    sriov,
    eSwitchHidden,
    eSwitchMode = eSwitchHidden === undefined ? undefined : 'legacy',
  }: ObservedPf,
  { facts }: Gathered,
  known: JournalEntries,
): InitialPf {
  const isOurs = known.owned.has(pciAddress) || known.damaged.has(pciAddress);
  if (!isOurs) return { mtu: link?.mtu, autoprobe: sriov?.autoprobe, eSwitchMode };
  return { autoprobe: sriov?.autoprobe === true ? true : undefined, ...facts.initial.get(pciAddress) };
}

/** PFs whose takeover ended in a crash before it began, and that nobody wants any more. */
function unfinished({ facts, journal }: Gathered, { taken }: HostPlan): string[] {
  if (facts.plannedFrom === undefined || facts.unread !== undefined) return [];
  const { owned, initial, cards, damaged } = journal;
  const known = new Set([...owned.keys(), ...damaged.keys(), ...taken.map(({ pciAddress }) => pciAddress)]);
  return [...new Set([...initial.keys(), ...cards.keys()])].filter((pciAddress) => !known.has(pciAddress));
}

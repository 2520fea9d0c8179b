import { messageOf } from '@sriov/errors';
import { type HostPlan, type StepName } from '@sriov/node-plan';
import { type FailedStep, failedStep } from '../steps/failed-step.ts';
import { type Gathered } from '../gather.ts';
import { type Journal, type JournalEntries } from './journal.ts';
import { recordVfChanges } from '../plugin-restart/apply-restart.ts';

/**
 * Writes into the journal which PFs the operator is responsible for: every PF whose entry is in force or will be,
 * before anything is done to it. PFs on which nothing of ours is left are removed from the journal. It also writes which
 * bridges are the operator's, and why the device plugin will have to be restarted. Returns what could not be written.
 * Nothing may be done to the host then, because after a crash nobody would know to whom the VFs belong.
 */
export async function takeOver(
  journal: Journal,
  gathered: Gathered,
  { plan, because }: { readonly plan: HostPlan; readonly because: readonly string[] },
): Promise<FailedStep[]> {
  const { facts, journal: known } = gathered;
  const present = new Map(facts.observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  try {
    await recordVfChanges(journal, known.plugin, because);
    await recordGuids(journal, known, plan);
    await recordBridges(journal, gathered, plan);
    await recordGuestPorts(journal, gathered);
    for (const entry of plan.taken) {
      const { link, sriov } = present.get(entry.pciAddress) ?? {};
      const before = known.owned.has(entry.pciAddress) ? facts.initial.get(entry.pciAddress) : undefined;
      await journal.own(entry, known, { mtu: before?.mtu ?? link?.mtu, autoprobe: sriov?.autoprobe });
    }
    for (const pciAddress of [...plan.released, ...unfinished(gathered, plan)]) await journal.release(pciAddress);
    return [];
  } catch (cause) {
    const detail = messageOf(cause);
    const message = `the state folder cannot be written, so nothing is done to the host: ${detail}: make it writable, or choose another with --state-folder`;
    const about: StepName = { pciAddress: '', pf: 'the node', kind: 'write-journal', step: 'write the journal' };
    return [failedStep(about, cause, message)];
  }
}

async function recordGuids(journal: Journal, known: JournalEntries, { guids }: HostPlan): Promise<void> {
  for (const [pciAddress, record] of guids ?? []) await journal.recordGuids(pciAddress, record, known);
}

/** On bare metal nothing is known of ports. */
async function recordGuestPorts(journal: Journal, { platform, journal: known }: Gathered): Promise<void> {
  if (platform !== undefined) await journal.recordGuestPorts(platform.known, known.guestPorts);
}

/** Which bridges are ours stays as it is known where the plan does not say it. */
async function recordBridges(journal: Journal, { journal: known }: Gathered, { ownBridges }: HostPlan): Promise<void> {
  if (ownBridges !== undefined) await journal.ownBridges(ownBridges, known.bridges);
}

/** PFs whose takeover ended in a crash before it began, and that nobody wants any more. */
function unfinished({ facts, journal }: Gathered, { taken }: HostPlan): string[] {
  if (facts.plannedFrom === undefined) return [];
  const { owned, initial, damaged } = journal;
  const known = new Set([...owned.keys(), ...damaged.keys(), ...taken.map(({ pciAddress }) => pciAddress)]);
  return [...initial.keys()].filter((pciAddress) => !known.has(pciAddress));
}

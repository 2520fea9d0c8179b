import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Guest } from './machine/guest.ts';
import { type Programs } from './programs.ts';
import { CheckFailed, type Section } from './report.ts';
import { type Supplies } from './supplies/supplies.ts';

/** What a scenario works with. */
export interface Lab {
  readonly supplies: Supplies;
  readonly programs: Programs;
  readonly section: Section;
  readonly guest: Guest;
}

/** Checks that need a guest of their own, one after the other: each builds on what the ones before left. */
export interface Scenario {
  readonly name: string;
  readonly run: (lab: Lab) => Promise<void>;
}

/** How a case went that a program in the guest has tried: a line of its output. */
const triedSchema = z.object({ name: z.string(), ms: z.number(), failure: z.string().exactOptional() });

/** Runs a program of the guest that tries cases, and notes how each went. */
export async function tryInGuest(
  { guest, section }: Lab,
  program: string,
  args: readonly string[] = [],
): Promise<void> {
  const command = [`/host/programs/${program}.mjs`, ...args];
  const exitCode = await guest.follow('node', command, (line) => section.record(triedSchema.parse(JSON.parse(line))));
  await section.check('every case was tried', async () => {
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}; the console:\n${await guest.consoleTail()}`);
  });
}

const LOGS = join(import.meta.dirname, '../test-results');

/** Boots a guest for a scenario and runs it. When a check fails, the guest's logs are kept. */
export async function runScenario(scenario: Scenario, parts: Omit<Lab, 'guest'>): Promise<void> {
  const { section, supplies, programs } = parts;
  const logs = join(LOGS, scenario.name);
  await rm(logs, { recursive: true, force: true });
  let guest: Guest | undefined;
  try {
    guest = await section.check('the guest boots', () => Guest.boot(supplies, programs.guestFolder));
    await scenario.run({ ...parts, guest });
  } catch (error) {
    if (!(error instanceof CheckFailed)) throw error;
    await guest?.saveLogs(logs);
    section.show(`the console and the logs of the guest are in ${logs}`);
  } finally {
    await guest?.close();
  }
}

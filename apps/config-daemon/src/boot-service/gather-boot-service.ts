import { isRunBySystemd, readBootId } from '@sriov/host';
import {
  BOOT_FILES,
  BOOT_UNITS,
  bootConfigOf,
  type BootServiceFacts,
  bootUnits,
  type PresentBootService,
  PROGRAM_FOLDER,
  UNIT_FOLDER,
  WANTED_UNITS,
} from '@sriov/node-plan';
import { type Converged } from '../converge.ts';
import { type Wanted } from '../gather.ts';
import { type BootPorts } from './boot-ports.ts';

/** The end of a pass, and what it was for. */
export interface EndedWork {
  readonly end: Pick<Converged, 'observed' | 'owned' | 'rest'>;
  readonly wanted: Pick<Wanted, 'spec' | 'plannedFrom'>;
}

/** Looks at the boot service of the host, and at what it should be. @throws what a folder or the kernel refuses */
export async function gatherBootService(ports: BootPorts, { end, wanted }: EndedWork): Promise<BootServiceFacts> {
  const { kernel, programs, mode, stateFolder, managesBridges } = ports;
  const [bootId, present, program] = await Promise.all([readBootId(kernel), look(ports), programs.name()]);
  const { observed, owned, rest } = end;
  const wish = { spec: wanted.spec, observed, owned, problems: rest.problems, bootId };
  return {
    mode,
    config: wanted.plannedFrom && bootConfigOf({ ...wish, manageSoftwareBridges: managesBridges }),
    units: bootUnits({ words: await programs.words(program), stateFolder }),
    program,
    bootId,
    present,
  };
}

async function look({ kernel, folder, unitFolder, programs }: BootPorts): Promise<PresentBootService> {
  const [hasSystemd, files, units, enabled, names, ...refused] = await Promise.all([
    isRunBySystemd(kernel),
    readAll(Object.values(BOOT_FILES), (name) => folder.read(name)),
    readAll(Object.values(BOOT_UNITS), (name) => unitFolder.read(name)),
    unitFolder.list(WANTED_UNITS),
    programs.list(),
    refusal(UNIT_FOLDER, unitFolder.findRefusal(WANTED_UNITS)),
    refusal(PROGRAM_FOLDER, programs.findRefusal()),
  ]);
  return { hasSystemd, refusals: refused.flat(), files, units, enabled, programs: names };
}

/** The files that are there, by name. */
async function readAll(
  names: readonly string[],
  read: (name: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const texts = await Promise.all(names.map(async (name) => [name, await read(name)] as const));
  return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
}

async function refusal(folder: string, found: Promise<string | undefined>): Promise<string[]> {
  const code = await found;
  return code === undefined ? [] : [`${folder} (${code})`];
}

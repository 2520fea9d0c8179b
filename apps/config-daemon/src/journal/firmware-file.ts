import { type AwaitedFirmware } from '@sriov/node-plan';
import { z } from 'zod';

/** The part of the state folder in which settings that wait for a reboot stand. */
export interface FirmwareFolder {
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
}

/** One file, which upstream does not have. */
const NAME = 'firmware.json';
const fileSchema = z.record(z.string(), z.object({ settings: z.string(), bootId: z.string() }));

/**
 * Reads for which settings of the firmware of which NIC a reboot was begun: none where there is no file. Of a damaged
 * file none are known either: one more reboot is the price.
 */
export async function readFirmwareFile(folder: FirmwareFolder): Promise<ReadonlyMap<string, AwaitedFirmware>> {
  try {
    const text = await folder.read(NAME);
    return new Map(text === undefined ? [] : Object.entries(fileSchema.parse(JSON.parse(text))));
  } catch {
    return new Map();
  }
}

/** Writes them, unless the file says the same already: `known` is what it says. */
export async function writeFirmwareFile(
  folder: FirmwareFolder,
  awaited: ReadonlyMap<string, AwaitedFirmware>,
  known: ReadonlyMap<string, AwaitedFirmware>,
): Promise<void> {
  const text = textOf(awaited);
  if (text !== textOf(known)) await folder.write(NAME, text);
}

function textOf(awaited: ReadonlyMap<string, AwaitedFirmware>): string {
  const entries = [...awaited].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries.map(([card, { settings, bootId }]) => [card, { settings, bootId }])))}\n`;
}

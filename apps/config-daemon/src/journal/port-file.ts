import { type KnownPort, knownPortSchema } from '@sriov/node-plan';
import { z } from 'zod';

/** The part of the state folder in which the record of the ports stands. */
export interface PortFolder {
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
}

/** One file, a list: ours alone. */
const NAME = 'guest-ports.json';

const fileSchema = z.array(knownPortSchema);

/**
 * Reads what is known of the ports of this virtual machine. Nothing where there is no file, or a damaged one: what it
 * would say can be asked for again, and is missed only while the platform does not answer.
 */
export async function readPortFile(folder: PortFolder): Promise<readonly KnownPort[] | undefined> {
  try {
    const text = await folder.read(NAME);
    return text === undefined ? undefined : fileSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Writes it, unless the file says the same already: `before` is what it says. */
export async function writePortFile(
  folder: PortFolder,
  ports: readonly KnownPort[],
  before: readonly KnownPort[] | undefined,
): Promise<void> {
  const text = textOf(ports);
  if (text !== textOf(before ?? [])) await folder.write(NAME, `${text}\n`);
}

function textOf(ports: readonly KnownPort[]): string {
  return JSON.stringify(ports.map(({ pciAddress, mac, network, name }) => ({ pciAddress, mac, network, name })));
}

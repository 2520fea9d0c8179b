import { ovsBridgeSchema, wireText } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type BridgeFacts, type OwnBridge } from '@sriov/node-plan';
import { z } from 'zod';

/** The part of the state folder in which the record of the bridges stands. */
export interface BridgeFolder {
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
}

/** One file, the JSON of the bridges by their names: the format and place of upstream, so that a node can move over. */
const NAME = 'managed-ovs-bridges.json';

/** Upstream skips over what it does not know of an entry. */
const entrySchema = ovsBridgeSchema.extend({ isMarked: z.literal(true).optional() });

const fileSchema = z
  .record(z.string(), entrySchema)
  .refine((bridges) => Object.entries(bridges).every(([key, { name }]) => key === name));

/** Reads which bridges are the operator's: none where there is no file. */
export async function readBridgeFile(folder: BridgeFolder): Promise<BridgeFacts> {
  try {
    const text = await folder.read(NAME);
    return { own: new Map(text === undefined ? [] : Object.entries(fileSchema.parse(JSON.parse(text)))) };
  } catch (error) {
    const cause = error instanceof z.ZodError ? 'it does not hold bridges by their names' : messageOf(error);
    const damaged = `the state file ${NAME} is damaged (${cause}), so nobody knows which bridges the operator has made, and none is made, changed or removed: repair the file, or remove it and the bridges that nobody wants`;
    return { own: new Map(), damaged };
  }
}

/** Writes which bridges are the operator's, unless the file says the same already: `known` is what it says. */
export async function writeBridgeFile(
  folder: BridgeFolder,
  bridges: readonly OwnBridge[],
  known: BridgeFacts,
): Promise<void> {
  const text = textOf(bridges);
  if (text !== textOf([...known.own.values()])) await folder.write(NAME, text);
}

function textOf(bridges: readonly OwnBridge[]): string {
  const pairs = bridges.map((bridge) => `${JSON.stringify(bridge.name)}:${wireText(entrySchema, bridge)}`);
  return `{${pairs.sort().join(',')}}`;
}

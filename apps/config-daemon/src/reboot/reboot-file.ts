import { messageOf } from '@sriov/errors';
import { type RebootRecord, type RebootReason } from '@sriov/node-plan';
import { z } from 'zod';

/** The part of the state folder in which the record of reboots stands. */
export interface RebootFolder {
  read(name: string): Promise<string | undefined>;
  write(name: string, content: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/**
 * One file, ours alone: `{"attempts": [{"bootId", "at", "reasons": [{"kind", "pciAddress", "why"}], "answer"}]}`, the
 * oldest first.
 */
const NAME = 'reboots.json';

const reasonSchema: z.ZodType<RebootReason> = z.object({
  kind: z.enum(['firmware', 'kernel-arguments', 'rdma-mode']),
  pciAddress: z.string().exactOptional(),
  why: z.string(),
});
const fileSchema = z.object({
  attempts: z.array(
    z.object({
      bootId: z.string(),
      at: z.string(),
      reasons: z.array(reasonSchema),
      answer: z.union([z.literal('accepted'), z.object({ refusal: z.string() })]).exactOptional(),
    }),
  ),
});

/**
 * Reads which reboots were asked for since the node was last as it should be. A sentence where the file cannot be read:
 * without it nobody knows how often the node was rebooted.
 */
export async function readRebootFile(folder: RebootFolder): Promise<RebootRecord | string> {
  try {
    const text = await folder.read(NAME);
    return text === undefined ? [] : fileSchema.parse(JSON.parse(text)).attempts;
  } catch (error) {
    const cause = error instanceof z.ZodError ? 'it is no record of reboots' : messageOf(error);
    return `the state file ${NAME} is damaged (${cause}): remove it to allow reboots`;
  }
}

/** Writes the record; nothing is left of an empty one. */
export async function writeRebootFile(folder: RebootFolder, attempts: RebootRecord): Promise<void> {
  if (attempts.length === 0) return folder.remove(NAME);
  await folder.write(NAME, `${JSON.stringify({ attempts })}\n`);
}

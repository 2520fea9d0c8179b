import { REASON } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { type RebootRecord, type RebootReason, type UnknownReboots } from '@sriov/node-plan';
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
 * Reads which reboots were asked for since the node was last as it should be; none where there is no file. A file that
 * makes no sense stays so until somebody removes it. One that cannot be read may be whole, and nobody should remove it.
 */
export async function readRebootFile(folder: RebootFolder): Promise<RebootRecord | UnknownReboots> {
  let text: string | undefined;
  try {
    text = await folder.read(NAME);
  } catch (error) {
    const message = `the state file ${NAME} cannot be read (${messageOf(error)}): it is read again at the next look`;
    return { reason: REASON.stateUnreadable, message };
  }
  try {
    return text === undefined ? [] : fileSchema.parse(JSON.parse(text)).attempts;
  } catch (error) {
    const cause = error instanceof z.ZodError ? 'it is no record of reboots' : messageOf(error);
    const message = `the state file ${NAME} is damaged (${cause}): remove it to allow reboots`;
    return { reason: REASON.stateDamaged, message };
  }
}

/** Writes the record; nothing is left of an empty one. */
export async function writeRebootFile(folder: RebootFolder, attempts: RebootRecord): Promise<void> {
  if (attempts.length === 0) return folder.remove(NAME);
  await folder.write(NAME, `${JSON.stringify({ attempts })}\n`);
}

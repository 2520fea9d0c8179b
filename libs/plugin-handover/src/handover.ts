import { z } from 'zod';

/**
 * Folder of the host in which config daemon and device plugin meet. It is in memory, as VFs are: a reboot empties it.
 */
export const HANDOVER_FOLDER = '/run/sriov-operator';
/** File in {@link HANDOVER_FOLDER} that the config daemon writes, see {@link Handover}. */
export const HANDOVER_FILE = 'handover.json';

const withdrawalSchema = z
  .object({
    /** PCI address of the PF. */
    pf: z.string(),
    /** Indexes of its VFs; absent for all of them, those that are still to be made among them. */
    vfs: z.array(z.int().min(0)).readonly().optional(),
    /** What happens to them, as part of a sentence: `numVfs changes from 8 to 4`. */
    because: z.string(),
  })
  .readonly();
/** VFs that are about to change, and that nobody must be given until then. */
export type Withdrawal = z.infer<typeof withdrawalSchema>;

const returningSchema = z
  .object({
    /** Without its prefix: `intelnics`. */
    resource: z.string(),
    /** PCI addresses. */
    devices: z.array(z.string()).readonly(),
  })
  .readonly();
/** Withdrawn VFs that will be there again as the same resource once they are changed. */
export type Returning = z.infer<typeof returningSchema>;

/** The file. The config daemon writes it as a whole and atomically, before it touches the first VF. */
export const handoverSchema = z
  .object({
    /** The configuration of the device plugin, in the format of its file; absent where the daemon knows none. */
    config: z.object({ text: z.string(), hash: z.string() }).readonly().optional(),
    withdrawn: z.array(withdrawalSchema).readonly(),
    /**
     * Of the withdrawn VFs, those that pods can wait for: the change has begun, and is meant to give them back. A device
     * plugin that lists such a VF by this resource may leave it in its list, and lets allocations of it wait.
     */
    returning: z.array(returningSchema).readonly().optional(),
  })
  .readonly();
/** What the config daemon hands over to the device plugin of its node. */
export type Handover = z.infer<typeof handoverSchema>;

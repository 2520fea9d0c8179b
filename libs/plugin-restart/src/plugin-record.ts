import { z } from 'zod';

/**
 * What is known of the device plugin of this node, as the daemon writes it down. The device plugin reads its
 * configuration and finds devices at its start, and never again.
 */
export const pluginRecordSchema = z
  .object({
    /** Hash of the configuration with which its pods run; absent while that is not known. */
    configHash: z.string().optional(),
    /** A restart that is still to be done. */
    owed: z
      .object({
        /** One sentence for each thing that its pods have missed. */
        because: z.array(z.string()).readonly(),
        /**
         * The pods that have missed it, once they were looked up. All others started later, and have missed nothing.
         */
        found: z
          .object({
            uids: z.array(z.string()).readonly(),
            /** Hash of the configuration that was the newest then. */
            configHash: z.string().optional(),
          })
          .readonly()
          .optional(),
      })
      .readonly()
      .optional(),
  })
  .readonly();
export type PluginRecord = z.infer<typeof pluginRecordSchema>;

/** What is known where the record cannot be read. One restart too many is better than VFs that nobody hears of. */
export function damagedRecord(because: string): PluginRecord {
  return { owed: { because: [because] } };
}

/** The reason of a restart that a configuration which changes back takes away again. */
export const CONFIG_CHANGED = 'the configuration of the device plugin has changed';

/** Where the device plugin stands. */
export type PluginState =
  /** Its pods have missed nothing, as far as is known. */
  | 'current'
  /** Its pods have missed a configuration, and nothing if that changes back. */
  | 'outdated'
  /** Its pods have missed something for good. */
  | 'owed'
  /** The pods that have missed something are written down, and are being deleted. */
  | 'restarting';

/** The state that a record stands for. */
export function stateOf({ configHash, owed }: PluginRecord): PluginState {
  if (owed === undefined) return 'current';
  if (owed.found !== undefined) return 'restarting';
  // A change back can only be told from a known configuration.
  const canChangeBack = configHash !== undefined && owed.because.every((reason) => reason === CONFIG_CHANGED);
  return canChangeBack ? 'outdated' : 'owed';
}

import { z } from 'zod';

/** A MAC address of Ethernet, in lower case. */
export const macSchema = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i)
  .transform((text) => text.toLowerCase());

/** What a network is called behind the colon of a `netFilter`: no more of a hostile answer gets into a status. */
export const networkIdSchema = z.string().regex(/^[\w.-]{1,128}$/);

/** A port, and the PCI address that somebody has told or remembered of it. */
export const knownPortSchema = z.object({
  mac: macSchema,
  network: z.string().regex(/^[\w.-]{1,32}\/NetworkID:[\w.-]{1,128}$/),
  pciAddress: z.string().optional(),
  /** The name that its interface had last. */
  name: z.string().optional(),
});
/** A port of which more is known than its network: where it is, or was last. */
export type KnownPort = Readonly<z.output<typeof knownPortSchema>>;

/** An answer of a platform that makes no sense. The message is a part of a sentence: what it is instead. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError';
  readonly code = 'METADATA_INVALID';
}

/** Most ports that are taken from an answer: far beyond what a virtual machine can have. */
export const MOST_PORTS = 512;

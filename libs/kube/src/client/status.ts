import { z } from 'zod';

const text = z.string().optional().catch(undefined);
const causes = z
  .array(z.object({ message: text }))
  .optional()
  .catch(undefined);
const details = z.object({ causes }).optional().catch(undefined);
const statusSchema = z.object({ code: z.number().optional().catch(undefined), reason: text, message: text, details });

/** What we read of a Kubernetes Status. A field of a wrong type counts as absent. */
export type Status = z.output<typeof statusSchema>;

/** Reads a Kubernetes Status. Returns nothing when the value is no object at all. */
export function readStatus(value: unknown): Status | undefined {
  return statusSchema.safeParse(value).data;
}

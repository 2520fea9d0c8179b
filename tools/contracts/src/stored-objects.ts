import { z } from 'zod';
import { type Documents, type Exchange } from './exchange.ts';

const documentsSchema = z.object({
  SriovNetworkNodeState: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
});
const partsSchema = z.object({ spec: z.unknown().optional(), status: z.unknown().optional() });

/**
 * What of node states, as this version writes them, the API server would refuse with older CRDs. Fields that these do
 * not have are left out: the CRDs come first in an upgrade. Empty when nothing is refused.
 * @param crds as they were recorded
 */
export function refusedByCrds(crds: Documents, { name }: Pick<Exchange, 'name'>, written: Documents): string[] {
  const { schemas } = documentsSchema.parse(crds).SriovNetworkNodeState;
  return Object.entries(written).flatMap(([occasion, document]) =>
    Object.entries(partsSchema.parse(document)).flatMap(([part, value]) => {
      const schema = z.fromJSONSchema(schemas[part] as Parameters<typeof z.fromJSONSchema>[0]);
      const read = schema.safeParse(value ?? {});
      return (read.error?.issues ?? []).map(
        ({ path, message }) => `${name}, "${occasion}": ${part}.${path.join('.')}: ${message}`,
      );
    }),
  );
}

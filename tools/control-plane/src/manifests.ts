import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const stringMap = z.record(z.string(), z.string());

/** Of the fields of an object only its identity is checked; the API server checks the rest. */
const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    labels: stringMap.exactOptional(),
    annotations: stringMap.exactOptional(),
  }),
});

/** An object as a manifest holds it, of any kind. */
export type Manifest = z.output<typeof manifestSchema>;

/** Reads the objects of a YAML text; documents without content are left out. @throws Error when one is no object. */
export function readManifests(yaml: string): Manifest[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as unknown)
    .filter((value) => value !== null)
    .map((value) => manifestSchema.parse(value));
}

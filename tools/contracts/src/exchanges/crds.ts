import { CUSTOM_RESOURCES } from '@sriov/api';
import { buildTypedCrd, type JsonSchema } from '@sriov/crds';
import { z } from 'zod';
import { type Exchange } from '../exchange.ts';

const schemaSchema = z.record(z.string(), z.unknown());

/** The schemas of a kind: those that the API server holds spec and status against. */
function schemasOf(plural: string): Record<string, JsonSchema> {
  const resource = CUSTOM_RESOURCES.find((each) => each.plural === plural);
  if (resource === undefined) return {};
  const { spec } = buildTypedCrd(resource) as unknown as CrdWithSchema;
  const { properties } = spec.versions[0].schema.openAPIV3Schema;
  return { spec: properties.spec, status: properties.status };
}

interface CrdWithSchema {
  readonly spec: {
    readonly versions: readonly [
      { readonly schema: { readonly openAPIV3Schema: { readonly properties: Record<'spec' | 'status', JsonSchema> } } },
    ];
  };
}

/** What of a schema decides whether an object is let in, for one of its fields. */
interface FieldFacts {
  readonly type: unknown;
  readonly values: readonly unknown[];
  readonly required: readonly string[];
}

const factsSchema = z.object({
  type: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
});

/** The facts of all fields, by their paths. */
function fieldsOf(schema: unknown, path: string): Map<string, FieldFacts> {
  const read = factsSchema.safeParse(schema);
  if (!read.success) return new Map();
  const { type = 'any', enum: values = [], required = [], properties = {}, items, additionalProperties } = read.data;
  return new Map([
    [path, { type, values, required }],
    ...Object.entries(properties).flatMap(([name, inner]) => [...fieldsOf(inner, `${path}.${name}`)]),
    ...fieldsOf(items, `${path}[]`),
    ...fieldsOf(additionalProperties, `${path}{}`),
  ]);
}

/** Values that a field could have then and cannot have now. */
function refusedOf(then: readonly unknown[], now: readonly unknown[]): readonly unknown[] {
  if (now.length === 0) return [];
  return then.length === 0 ? ['any other value'] : then.filter((each) => !now.includes(each));
}

/** What this version makes of the fields of an older CRD: each has to be there and to take what it took. */
function stillTaken(plural: string, document: JsonSchema): Record<string, object> {
  const now = fieldsOf({ properties: schemasOf(plural) }, plural);
  const then = fieldsOf({ properties: document }, plural);
  return Object.fromEntries(
    [...then].map(([path, facts]): [string, object] => {
      const present = now.get(path);
      if (present === undefined) return [path, { isGone: true }];
      const demanded = present.required.filter((field) => !facts.required.includes(field));
      return [path, { type: present.type, refused: refusedOf(facts.values, present.values), demanded }];
    }),
  );
}

const documentSchema = z.object({ plural: z.string(), schemas: schemaSchema });

/** The kinds of the operator. */
export const crds: Exchange = {
  name: 'crds',
  what: 'CRDs, and the objects that are stored',
  writer: 'the chart',
  readers: ['all'],
  write: () =>
    Promise.resolve(
      Object.fromEntries(
        CUSTOM_RESOURCES.map(({ kind, plural }) => [kind, { plural, schemas: withoutWords(schemasOf(plural)) }]),
      ),
    ),
  understand(document) {
    const { plural, schemas } = documentSchema.parse(document);
    return Promise.resolve(stillTaken(plural, schemas));
  },
};

/** A schema without its descriptions. */
function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => withoutWords(each));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, inner]) => key !== 'description' || typeof inner !== 'string');
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutWords(inner)]));
}

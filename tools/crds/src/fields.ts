import { type JsonSchema } from './json-schema.ts';

/** A field of a schema. */
export interface Field {
  /** `spec.trunk[].id` for list items, `spec.nodeSelector{}` for map values, empty for the schema itself. */
  readonly path: string;
  readonly node: JsonSchema;
  readonly isRequired: boolean;
}

/** All fields of a schema at any depth, each before the fields inside it. */
export function fieldsOf(node: JsonSchema, path = '', isRequired = true): Field[] {
  const { properties, items, additionalProperties, required } = node;
  const names = new Set((required ?? []) as string[]);
  const children = Object.entries((properties ?? {}) as Record<string, JsonSchema>).flatMap(([name, child]) =>
    fieldsOf(child, path === '' ? name : `${path}.${name}`, names.has(name)),
  );
  return [
    { path, node, isRequired },
    ...children,
    ...(isSchema(items) ? fieldsOf(items, `${path}[]`) : []),
    ...(isSchema(additionalProperties) ? fieldsOf(additionalProperties, `${path}{}`) : []),
  ];
}

/** The type of a field as a person reads it: `string`, `[]object`, `map of string`, `integer or string`. */
export function typeOf({ type, items, additionalProperties, ...node }: JsonSchema): string {
  if (node['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (isSchema(items)) return `[]${typeOf(items)}`;
  if (isSchema(additionalProperties)) return `map of ${typeOf(additionalProperties)}`;
  return String(type);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

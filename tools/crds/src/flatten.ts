import { type JsonSchema } from './json-schema.ts';

/** What matters of one field for compatibility: everything but descriptions and rules. */
export type FieldFacts = Record<string, unknown>;

/**
 * The fields of a schema by path, as `../fixtures/crd-fields.json` lists them: `spec.trunk[].id` for list items,
 * `spec.nodeSelector{}` for map values, `.` for the object itself.
 */
export function flattenFields(schema: JsonSchema): Record<string, FieldFacts> {
  const fields: Record<string, FieldFacts> = {};
  visit(schema, '', fields);
  delete fields['apiVersion'];
  delete fields['kind'];
  delete fields['metadata'];
  return fields;
}

function visit(node: JsonSchema, path: string, fields: Record<string, FieldFacts>): void {
  const { properties, items, additionalProperties, description: _, ...facts } = node;
  delete facts['x-kubernetes-validations'];
  if (Array.isArray(facts['required'])) facts['required'] = [...(facts['required'] as string[])].sort();
  fields[path === '' ? '.' : path] = facts;
  for (const [key, value] of Object.entries((properties ?? {}) as Record<string, JsonSchema>)) {
    visit(value, path === '' ? key : `${path}.${key}`, fields);
  }
  if (items !== undefined) visit(items as JsonSchema, `${path}[]`, fields);
  if (additionalProperties !== undefined) visit(additionalProperties as JsonSchema, `${path}{}`, fields);
}

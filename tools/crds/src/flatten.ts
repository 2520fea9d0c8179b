import { fieldsOf } from './fields.ts';
import { type JsonSchema } from './json-schema.ts';

/** What matters of one field for compatibility: everything but descriptions and rules. */
export type FieldFacts = Record<string, unknown>;

/**
 * The fields of a schema by path, as `fixtures/crd-fields.json` lists them: `spec.trunk[].id` for list items,
 * `spec.nodeSelector{}` for map values, `.` for the object itself.
 */
export function flattenFields(schema: JsonSchema): Record<string, FieldFacts> {
  const fields = fieldsOf(schema).map(({ path, node }) => [path === '' ? '.' : path, factsOf(node)] as const);
  return Object.fromEntries(fields.filter(([path]) => !['apiVersion', 'kind', 'metadata'].includes(path)));
}

function factsOf(node: JsonSchema): FieldFacts {
  const { properties: _, items: __, additionalProperties: ___, description: ____, ...facts } = node;
  delete facts['x-kubernetes-validations'];
  if (Array.isArray(facts['required'])) facts['required'] = [...(facts['required'] as string[])].sort();
  return facts;
}

import { fieldsOf, typeOf } from './fields.ts';
import { type JsonSchema } from './json-schema.ts';

/** Marks an object whose fields the API server keeps as they come and does not check. */
export const PRESERVED = 'x-kubernetes-preserve-unknown-fields';

/**
 * The schema in which the description of each marked object lists its fields in place of their schemas. `kubectl
 * explain` still shows them, and the API server has nothing to check: most of what a write of a large status costs it.
 */
export function foldPreserved(schema: JsonSchema): JsonSchema {
  return mapMarked(schema, (marked) => ({
    type: 'object',
    description: [String(marked['description']), 'The API server does not check its fields:', ...linesOf(marked)].join(
      '\n',
    ),
    [PRESERVED]: true,
  }));
}

/** The schema without marks, in which the API server checks every field, as it does with upstream's CRDs. */
export function ignorePreserved(schema: JsonSchema): JsonSchema {
  return mapMarked(schema, ({ [PRESERVED]: _, ...rest }) => rest);
}

function mapMarked(node: JsonSchema, replace: (marked: JsonSchema) => JsonSchema): JsonSchema {
  if (node[PRESERVED] === true) return replace(node);
  const { properties, items } = node;
  const children = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  return {
    ...node,
    ...(properties !== undefined && {
      properties: Object.fromEntries(children.map(([name, child]) => [name, mapMarked(child, replace)])),
    }),
    ...(items !== undefined && { items: mapMarked(items as JsonSchema, replace) }),
  };
}

/** A line for each field: `Vfs[].mtu (integer): MTU, in bytes.` */
function linesOf(schema: JsonSchema): string[] {
  return fieldsOf(schema)
    .filter(({ path, node }) => path !== '' && node['description'] !== undefined)
    .map(({ path, node }) => `${path} (${typeOf(node)}): ${String(node['description'])}`);
}

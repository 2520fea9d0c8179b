import { z } from 'zod';

/** A node of an OpenAPI v3 schema as CRDs take it. */
export type JsonSchema = { [key: string]: unknown };

/**
 * The structural OpenAPI schema of a zod schema: what `z.toJSONSchema` gives, less what CRDs forbid.
 * @throws Error for what CRDs cannot express: types inside `anyOf`, untyped nodes, patterns that RE2 does not know.
 */
export function toStructuralSchema(schema: z.ZodType): JsonSchema {
  const raw = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'throw',
    reused: 'inline',
    cycles: 'throw',
  }) as JsonSchema;
  delete raw['$schema'];
  return convert(raw, '.');
}

function convert(node: JsonSchema, path: string): JsonSchema {
  if (node['x-kubernetes-int-or-string'] === true) return intOrString(node);
  for (const junctor of ['oneOf', 'allOf', 'anyOf', 'not']) {
    if (junctor in node) throw new Error(`${path}: a CRD cannot express ${junctor} with types inside`);
  }
  if (typeof node['type'] !== 'string') throw new Error(`${path}: a CRD needs a type here`);
  const { properties, items, additionalProperties, ...rest } = node;
  const out = convertScalars(rest, path);
  if (isSchema(properties)) {
    const entries = Object.entries(properties).map(([key, value]) => {
      return [key, convert(value as JsonSchema, `${path}${path === '.' ? '' : '.'}${key}`)] as const;
    });
    out['properties'] = Object.fromEntries(entries);
  }
  if (isSchema(items)) out['items'] = convert(items, `${path}[]`);
  // `false` beside properties is forbidden: the API server prunes unknown fields anyway.
  if (isSchema(additionalProperties)) out['additionalProperties'] = convert(additionalProperties, `${path}{}`);
  return out;
}

function convertScalars(node: JsonSchema, path: string): JsonSchema {
  const out: JsonSchema = { ...node };
  // z.int() bounds every integer by what a double can hold.
  if (out['minimum'] === Number.MIN_SAFE_INTEGER) delete out['minimum'];
  if (out['maximum'] === Number.MAX_SAFE_INTEGER) delete out['maximum'];
  if (out['format'] === 'date-time') delete out['pattern'];
  delete out['propertyNames'];
  if (typeof out['pattern'] === 'string') out['pattern'] = toRe2(out['pattern'], path);
  return out;
}

function toRe2(pattern: string, path: string): string {
  if (/\(\?[=!<]|\\[1-9]/.test(pattern)) {
    throw new Error(`${path}: the API server's regular expressions (RE2) know no look-around: ${pattern}`);
  }
  // Only a JavaScript literal needs the escape.
  return pattern.replaceAll('\\/', '/');
}

function intOrString(node: JsonSchema): JsonSchema {
  return {
    ...(node['description'] !== undefined && { description: node['description'] }),
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
  };
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

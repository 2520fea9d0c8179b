import { z } from 'zod';
import { describeIssues } from './describe-issues.ts';
import { type Parsed } from './vf-range.ts';

/**
 * Reads a spec by the schema of its kind, with the schema's defaults; unknown fields are left out. The message of a
 * failure names each field that is wrong, its value, and what it can be.
 */
export function readSpec<T>(schema: z.ZodType<T>, raw: unknown): Parsed<T> {
  const lost = findLostKey(schema, raw ?? {}, 'spec');
  if (lost !== undefined) return { ok: false, message: `${lost} is no name for a member: remove it` };
  const parsed = schema.safeParse(raw ?? {}, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, message: describeIssues(parsed.error.issues, { schema, root: 'spec' }) };
}

/**
 * Path of a member `__proto__` in a map. Zod drops it silently, and a node selector with one label fewer selects nodes
 * that nobody meant.
 */
function findLostKey(schema: z.core.$ZodType, value: unknown, path: string): string | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return findLostKey(schema.unwrap(), value, path);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (schema instanceof z.ZodRecord) return Object.hasOwn(value, '__proto__') ? `${path}.__proto__` : undefined;
  return schema instanceof z.ZodObject ? findLostKeyWithin(schema, value, path) : undefined;
}

function findLostKeyWithin({ shape }: z.ZodObject, value: object, path: string): string | undefined {
  const given = Object.entries<z.core.$ZodType>(shape).filter(([field]) => Object.hasOwn(value, field));
  for (const [field, inner] of given) {
    const found = findLostKey(inner, (value as Record<string, unknown>)[field], `${path}.${field}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

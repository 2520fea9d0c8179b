import { z } from 'zod';

/** Schemas of optional fields where zero says something else than absent: they are never left out. */
const withZero = new WeakSet<z.ZodType>();

/** Marks a schema: `0` is a value of its own. `maxUnavailable: 0` lets no node be drained, its absence lets all. */
export function zeroCounts<S extends z.ZodType>(schema: S): S {
  withZero.add(schema);
  return schema;
}

/**
 * The value as we write it to the API server: only fields that `schema` knows, in the schema's order, maps by key,
 * and optional fields left out when they are zero or empty (`0`, `false`, `""`, `[]`, `{}`, `null`), as upstream's
 * serialiser leaves them out. Two equal values thus become equal bytes, so "did it change" is a string comparison.
 */
export function toWire<S extends z.ZodType>(schema: S, value: z.input<S>): z.input<S> {
  return wire(schema, value) as z.input<S>;
}

/** {@link toWire} as text, for comparing. */
export function wireText<S extends z.ZodType>(schema: S, value: z.input<S>): string {
  return JSON.stringify(wire(schema, value));
}

function wire(schema: z.ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject && isRecord(value)) return wireObject(inner, value);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item) => wire(inner.element as z.ZodType, item));
  }
  if (inner instanceof z.ZodRecord && isRecord(value)) {
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return value;
}

function wireObject(schema: z.ZodObject, value: Record<string, unknown>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const item = wire(field, value[key]);
    if (item === undefined) continue;
    if (isOptional(field) && isEmpty(item) && !(item === 0 && withZero.has(unwrap(field)))) continue;
    out[key] = item;
  }
  return out;
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
}

function isOptional(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === 0 || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

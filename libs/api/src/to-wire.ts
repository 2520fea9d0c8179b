import { z } from 'zod';
import { unwrapSchema } from './unwrap-schema.ts';

/** Schemas of optional fields where zero does not mean the same as absent: they are never left out. */
const withZero = new WeakSet<z.ZodType>();

/**
 * Marks a schema in which `0` differs from absent. With `maxUnavailable: 0` no node may be drained; without it, all
 * may.
 */
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
  return writerOf(schema)(value) as z.input<S>;
}

/** {@link toWire} as text, for comparing. */
export function wireText<S extends z.ZodType>(schema: S, value: z.input<S>): string {
  return JSON.stringify(writerOf(schema)(value));
}

type Writer = (value: unknown) => unknown;

/** What a schema says, computed once: thousands of node states are written with one schema. */
const writers = new WeakMap<z.ZodType, Writer>();

function writerOf(schema: z.ZodType): Writer {
  const known = writers.get(schema);
  if (known) return known;
  const writer = createWriter(unwrapSchema(schema));
  writers.set(schema, writer);
  return writer;
}

function createWriter(schema: z.ZodType): Writer {
  if (schema instanceof z.ZodObject) return createObjectWriter(schema);
  if (schema instanceof z.ZodArray) {
    const write = writerOf(schema.element as z.ZodType);
    return (value) => (Array.isArray(value) ? value.map(write) : value);
  }
  if (schema instanceof z.ZodRecord) return (value) => (isRecord(value) ? sortKeys(value) : value);
  return (value) => value;
}

function createObjectWriter(schema: z.ZodObject): Writer {
  const fields = (Object.entries(schema.shape) as [string, z.ZodType][]).map(([key, field]) => ({
    key,
    write: writerOf(field),
    isLeftOut: isOptional(field) ? (withZero.has(unwrapSchema(field)) ? isEmptyButZero : isEmpty) : () => false,
  }));
  return (value) => {
    if (!isRecord(value)) return value;
    const out: Record<string, unknown> = {};
    for (const { key, write, isLeftOut } of fields) {
      const item = write(value[key]);
      if (item !== undefined && !isLeftOut(item)) out[key] = item;
    }
    return out;
  };
}

function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isOptional(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === 0 || value === false || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function isEmptyButZero(value: unknown): boolean {
  return value !== 0 && isEmpty(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

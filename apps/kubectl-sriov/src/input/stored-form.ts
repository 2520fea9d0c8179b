import { type CustomResource, type KubeObject } from '@sriov/api';
import { z } from 'zod';
import { nearNames } from '@sriov/words';

/** An object as the API server would store it, and the fields that it would drop. */
export interface StoredForm<T extends KubeObject> {
  readonly object: T;
  /** Paths of fields that the kind does not have, with the field that was meant: `spec.numVFs (near: numVfs)`. */
  readonly unknownFields: readonly string[];
}

/**
 * The object as the API server would store it: defaults of the CRD filled in, `null` taken as absent, unknown fields
 * dropped. Values of a wrong type stay as they are, so that the schema can report them.
 */
export function toStoredForm<T extends KubeObject>(resource: CustomResource<T>, object: T): StoredForm<T> {
  const { spec, status, ...rest } = object as KubeObject & { spec?: unknown; status?: unknown };
  const parts = Object.entries({ spec, status })
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ({ name, ...fill(resource[name as 'spec' | 'status'], value, name) }));
  const filled = Object.fromEntries(parts.map(({ name, value }) => [name, value]));
  return { object: { ...rest, ...filled } as unknown as T, unknownFields: parts.flatMap((part) => part.unknownFields) };
}

/** A value with its defaults, and the paths of the fields that its schema does not have. */
interface Filled {
  readonly value: unknown;
  readonly unknownFields: readonly string[];
}

function fill(schema: z.ZodType, value: unknown, path: string): Filled {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    const items = value.map((item, index) => fill(inner.element as z.ZodType, item, `${path}.${index}`));
    return { value: items.map((item) => item.value), unknownFields: items.flatMap((item) => item.unknownFields) };
  }
  return inner instanceof z.ZodObject && isRecord(value)
    ? fillObject(inner, value, path)
    : { value, unknownFields: [] };
}

function fillObject(schema: z.ZodObject, value: Record<string, unknown>, path: string): Filled {
  const shape = schema.shape as Record<string, z.ZodType>;
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(shape, key));
  const fields = Object.entries(shape).flatMap(([key, field]) => {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    const present = given ?? (field instanceof z.ZodDefault ? field.parse(undefined) : undefined);
    return present === undefined ? [] : [{ key, ...fill(field, present, `${path}.${key}`) }];
  });
  return {
    value: Object.fromEntries(fields.map((field) => [field.key, field.value])),
    unknownFields: [
      ...unknown.map((key) => `${path}.${key}${meant(key, shape)}`),
      ...fields.flatMap((field) => field.unknownFields),
    ],
  };
}

function meant(key: string, shape: Record<string, unknown>): string {
  const [near] = nearNames(key, Object.keys(shape));
  return near === undefined ? '' : ` (near: ${near})`;
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

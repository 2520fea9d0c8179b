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
  const unknownFields: string[] = [];
  const part = (name: 'spec' | 'status', value: unknown): object =>
    value === undefined || value === null ? {} : { [name]: fill({ unknownFields, path: name }, resource[name], value) };
  return { object: { ...rest, ...part('spec', spec), ...part('status', status) } as unknown as T, unknownFields };
}

interface Walk {
  readonly unknownFields: string[];
  readonly path: string;
}

function fill(walk: Walk, schema: z.ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item, index) => fill(below(walk, index), inner.element as z.ZodType, item));
  }
  return inner instanceof z.ZodObject && isRecord(value) ? fillObject(walk, inner, value) : value;
}

function fillObject(walk: Walk, schema: z.ZodObject, value: Record<string, unknown>): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  const shape = schema.shape as Record<string, z.ZodType>;
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(shape, key)) walk.unknownFields.push(`${below(walk, key).path}${meant(key, shape)}`);
  }
  for (const [key, field] of Object.entries(shape)) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    const present = given ?? (field instanceof z.ZodDefault ? field.parse(undefined) : undefined);
    if (present !== undefined) filled[key] = fill(below(walk, key), field, present);
  }
  return filled;
}

function meant(key: string, shape: Record<string, unknown>): string {
  const [near] = nearNames(key, Object.keys(shape));
  return near === undefined ? '' : ` (near: ${near})`;
}

function below({ unknownFields, path }: Walk, key: string | number): Walk {
  return { unknownFields, path: `${path}.${key}` };
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

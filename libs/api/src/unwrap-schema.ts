import { z } from 'zod';

/** The schema inside `optional()`, `default()` and `nullable()`. */
export function unwrapSchema(schema: z.ZodType): z.ZodType {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable;
  return isWrapped ? unwrapSchema(schema.unwrap() as z.ZodType) : schema;
}

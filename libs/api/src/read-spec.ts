import { type z } from 'zod';
import { describeIssues } from './describe-issues.ts';
import { type Parsed } from './vf-range.ts';

/**
 * Reads a spec by the schema of its kind, with the schema's defaults; unknown fields are left out. The message of a
 * failure names each field that is wrong, its value, and what it can be.
 */
export function readSpec<T>(schema: z.ZodType<T>, raw: unknown): Parsed<T> {
  const parsed = schema.safeParse(raw ?? {}, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, message: describeIssues(parsed.error.issues, { schema, root: 'spec' }) };
}

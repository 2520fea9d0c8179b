import { type z } from 'zod';
import { type Parsed } from './vf-range.ts';

/**
 * Reads a spec by the schema of its kind, with the schema's defaults; unknown fields are left out. The message of a
 * failure names each field that is wrong, and its value.
 */
export function readSpec<T>(schema: z.ZodType<T>, raw: unknown): Parsed<T> {
  const parsed = schema.safeParse(raw ?? {}, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, message: parsed.error.issues.map(describe).join('; ') };
}

function describe({ path, input, message }: z.core.$ZodIssue): string {
  const field = ['spec', ...path].join('.');
  if (input === undefined) return `${field} is required`;
  return `${field}${excerpt(input)}: ${message.replace('Invalid input: ', '')}`;
}

const MOST_CHARACTERS = 60;

/** A value as far as it fits in a sentence; of a list or an object its type is enough, and that the message says. */
function excerpt(value: unknown): string {
  if (typeof value === 'object') return '';
  const text = JSON.stringify(value);
  return ` ${text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text}`;
}

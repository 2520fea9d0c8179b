import { type z } from 'zod';
import { type Parsed } from './vf-range.ts';

/**
 * Reads a spec by the schema of its kind, with the schema's defaults; unknown fields are left out. The message of a
 * failure names each field that is wrong, and its value.
 */
export function readSpec<T>(schema: z.ZodType<T>, raw: unknown): Parsed<T> {
  const parsed = schema.safeParse(raw ?? {}, { reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, message: listIssues(parsed.error.issues) };
}

/** Most problems that are named: who wrote a list of a thousand wrong entries knows after the first few. */
const MOST_ISSUES = 20;

function listIssues(issues: readonly z.core.$ZodIssue[]): string {
  const named = issues.slice(0, MOST_ISSUES).map(describe);
  const more = issues.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
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
  // Of a long text only its beginning is quoted, so only that is looked at.
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, MOST_CHARACTERS) : value);
  return ` ${text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text}`;
}

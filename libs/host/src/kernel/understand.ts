import { type z } from 'zod';
import { HostError } from './host-error.ts';

/**
 * A text from outside does not say what it should: a tool printed something else than it prints otherwise, or a file was
 * cut off.
 */
export class NotUnderstoodError extends HostError {
  override readonly name = 'NotUnderstoodError';
  readonly code = 'NOT_UNDERSTOOD';

  /** @param what the text, as the subject of a sentence: `the output of vdpa -j dev show` @param why what is wrong */
  constructor(what: string, why: string, options?: ErrorOptions) {
    super(`${what} cannot be understood: ${firstCharacters(why)}`, options);
  }
}

/** The value as the schema describes it. @param what see {@link NotUnderstoodError} @throws {NotUnderstoodError} */
export function understand<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  const message = issue?.message ?? 'it is something else';
  throw new NotUnderstoodError(what, place === '' ? message : `${firstCharacters(place)}: ${message}`);
}

/** A JSON text as the schema describes it. @param what see {@link NotUnderstoodError} @throws {NotUnderstoodError} */
export function understandJson<S extends z.ZodType>(schema: S, text: string, what: string): z.output<S> {
  return understand(schema, jsonOf(text, what), what);
}

function jsonOf(text: string, what: string): unknown {
  if (text.trim() === '') throw new NotUnderstoodError(what, 'there is none');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new NotUnderstoodError(what, 'it is not JSON, or not all of it', { cause });
  }
}

/** Longest part of a message that comes from outside. */
const MOST = 300;

/** The text, or its beginning where it is long: a message goes into a status, and a tool may print megabytes. */
export function firstCharacters(text: string): string {
  return text.length > MOST ? `${text.slice(0, MOST)}...` : text;
}

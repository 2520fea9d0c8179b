import { type z } from 'zod';

/** What an object of the configuration says. */
export interface KeysRead<T> {
  /** Absent when it is no such object. */
  readonly value?: T;
  /** Why there is no value; empty when there is one. */
  readonly problem: string;
  /** Keys that the schema does not know, as they are written. */
  readonly unknown: readonly string[];
}

/** Reads an object by a schema whose keys are in lower case. Of a key that is given twice, the last counts. */
export function readKeys<S extends z.ZodObject>(entry: unknown, schema: S): KeysRead<z.output<S>> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return { problem: 'it is no JSON object', unknown: [] };
  }
  const entries = Object.entries(entry).map(([key, value]) => [key, value as unknown] as const);
  const unknown = entries.map(([key]) => key).filter((key) => !(key.toLowerCase() in schema.shape));
  const lowered = Object.fromEntries(entries.map(([key, value]) => [key.toLowerCase(), value] as const));
  const read = schema.safeParse(lowered);
  return read.success ? { value: read.data, problem: '', unknown } : { problem: messageOfIssues(read.error), unknown };
}

/** The first issue in words. */
export function messageOfIssues({ issues }: Pick<z.ZodError, 'issues'>): string {
  const [issue] = issues;
  const path = issue?.path.join('.') ?? '';
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'it cannot be understood'}`;
}

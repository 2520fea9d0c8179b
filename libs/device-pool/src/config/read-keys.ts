import { type z } from 'zod';

/** What an object of the configuration says. */
export interface KeysRead<T> {
  /** Absent when it is no such object. */
  readonly value?: T;
  /** Why there is no value; empty when there is one. */
  readonly problem: string;
  /** Keys that nobody knows here, as they are written. */
  readonly unknown: readonly string[];
}

/**
 * Reads an object by a schema whose keys are in lower case. Of a key that is given twice, the last counts.
 * @param known keys that count here, in lower case
 */
export function readKeys<S extends z.ZodObject>(
  entry: unknown,
  schema: S,
  known: readonly string[] = Object.keys(schema.shape),
): KeysRead<z.output<S>> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return { problem: 'it is no JSON object', unknown: [] };
  }
  const entries = Object.entries(entry).map(([key, value]) => ({
    key,
    lower: key.toLowerCase(),
    value: value as unknown,
  }));
  const unknown = entries.filter(({ lower }) => !known.includes(lower)).map(({ key }) => key);
  const counted = entries.filter(({ lower }) => known.includes(lower));
  const read = schema.safeParse(Object.fromEntries(counted.map(({ lower, value }) => [lower, value])));
  return read.success ? { value: read.data, problem: '', unknown } : { problem: messageOfIssues(read.error), unknown };
}

/** The issues in words. */
export function messageOfIssues({ issues }: Pick<z.ZodError, 'issues'>): string {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

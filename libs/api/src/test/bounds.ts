import { type z } from 'zod';

/** Whether a spec with these fields is read, and whether it keeps all of them. */
export function isKept(schema: z.ZodType, base: object, change: object): boolean {
  const parsed = schema.safeParse({ ...base, ...change });
  return parsed.success && JSON.stringify(pick(parsed.data as object, change)) === JSON.stringify(change);
}

function pick(from: object, like: object): object {
  return Object.fromEntries(Object.keys(like).map((key) => [key, (from as Record<string, unknown>)[key]]));
}

/** Text of a length. */
export function textOf(length: number): string {
  return 'a'.repeat(length);
}

/** A list of a length. */
export function listOf<T>(length: number, entry: T): T[] {
  return Array.from({ length }, () => entry);
}

/** So many labels. */
export function labelsOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`label${index}`, 'x']));
}

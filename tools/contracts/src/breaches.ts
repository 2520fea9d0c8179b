import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { asJson, type Documents, type Exchange, type Recording, understandAll } from './exchange.ts';

/**
 * What this version does not keep of an exchange with services of a release: sentences that say which document, which
 * field, and how it was. Empty when services of both versions can run beside each other.
 */
export async function findBreaches(exchange: Exchange, recording: Recording): Promise<string[]> {
  return [...(await misreadDocuments(exchange, recording)), ...(await refusedDocuments(exchange, recording))];
}

/** Documents of the release of which the present readers make something else than its own readers did. */
async function misreadDocuments(exchange: Exchange, { written, understood }: Recording): Promise<string[]> {
  try {
    const now = await understandAll(exchange, written);
    return Object.keys(written).flatMap((occasion) => {
      const difference = firstDifference(understood[occasion], now[occasion], '');
      if (difference === undefined) return [];
      return [`"${occasion}", as the release wrote it, means something else to this version: ${difference}`];
    });
  } catch (error) {
    return [`what the release wrote cannot be read by this version: ${String(error)}`];
  }
}

/** What the present writers write, and the readers of the release refuse. */
async function refusedDocuments(exchange: Exchange, recording: Recording): Promise<string[]> {
  const { checked } = exchange;
  if (checked === undefined || recording.checked === undefined) return [];
  const schema = z.fromJSONSchema(recording.checked);
  const written: Documents = asJson(await exchange.write());
  return Object.entries(written).flatMap(([occasion, document]) => {
    const read = schema.safeParse(checked.part(document));
    if (read.success) return [];
    const [issue] = read.error.issues;
    return [
      `"${occasion}", as this version writes it, cannot be read by the release: ${issue?.path.join('.')}: ${issue?.message}`,
    ];
  });
}

/** Path of the first part in which two JSON values differ, with both; `undefined` when they are the same. */
function firstDifference(then: unknown, now: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(then, now)) return undefined;
  if (!isObject(then) || !isObject(now))
    return `${path || 'it'} was ${JSON.stringify(then)} and is ${JSON.stringify(now)}`;
  for (const key of new Set([...Object.keys(then), ...Object.keys(now)])) {
    const found = firstDifference(then[key], now[key], path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

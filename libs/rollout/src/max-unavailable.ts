/** How many nodes of a pool may be unavailable at the same time, or a sentence why no number can be told. */
export type Limit = number | string;

/** Of the default pool: the nodes that are in no other. */
export const DEFAULT_MAX_UNAVAILABLE = 1;

/**
 * Reads `maxUnavailable` of a pool of `size` nodes. Absent means no limit, as with upstream. A percentage is rounded
 * down, but never to 0: a pool too small for its percentage would wait for ever. 0 as a number stops all drains on
 * purpose.
 * @returns a sentence where the value is neither a number nor a percentage: nothing is drained then
 */
export function readLimit(maxUnavailable: number | string | undefined, size: number): Limit {
  if (maxUnavailable === undefined) return Infinity;
  if (typeof maxUnavailable === 'number') {
    return Number.isInteger(maxUnavailable) && maxUnavailable >= 0 ? maxUnavailable : describeFault(maxUnavailable);
  }
  const percent = Number(/^(\d{1,3})%$/.exec(maxUnavailable)?.[1]);
  if (!(percent >= 1 && percent <= 100)) return describeFault(maxUnavailable);
  return Math.max(1, Math.floor((percent * size) / 100));
}

function describeFault(value: number | string): string {
  return `maxUnavailable is "${value}", and must be a number of nodes (0 or more) or a percentage from 1% to 100%: no node is drained until it is`;
}

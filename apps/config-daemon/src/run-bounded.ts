/**
 * Calls `work` for each item, at most `limit` at a time, and fewer whenever one resolves with `false`. `work` must not
 * reject.
 */
export async function runBounded<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<boolean>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) if (!(await work(next.value))) return;
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

import pLimit from 'p-limit';

/** Does `work` for each item, at most `limit` at a time. After the first failure no further work begins. */
export async function bounded<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const limited = pLimit(limit);
  try {
    await Promise.all(items.map((item) => limited(work, item)));
  } finally {
    limited.clearQueue();
  }
}

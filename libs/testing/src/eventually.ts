import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `attempt` neither throws nor returns `undefined` or `false`, and returns what it returned. For what
 * another process does in its own time; rejects with the last failure when that takes longer than `timeoutMs`.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await outcomeOf(attempt);
    if ('value' in result && result.value !== undefined && result.value !== false) {
      return result.value as Exclude<T, undefined | false>;
    }
    if (Date.now() > deadline) {
      throw 'error' in result ? result.error : new Error(`still ${String(result.value)} after ${timeoutMs} ms`);
    }
    await delay(20);
  }
}

async function outcomeOf<T>(attempt: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await attempt() };
  } catch (error) {
    return { error };
  }
}

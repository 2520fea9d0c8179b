import { setTimeout as delay } from 'node:timers/promises';

/** Calls that begin at a steady rate, whether or not those before have ended. */
export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Time of each call in ms, counted from when it was due: what waited for the machine or for a connection counts.
 * Rejects with the first failure, when all have ended.
 */
export async function openLoop(
  { perSecond, seconds }: Load,
  call: (index: number) => Promise<void>,
): Promise<number[]> {
  const start = performance.now();
  const calls = Array.from({ length: perSecond * seconds }, async (_, index) => {
    const due = start + (index * 1_000) / perSecond;
    await delay(Math.max(0, due - performance.now()));
    await call(index);
    return performance.now() - due;
  });
  await Promise.allSettled(calls);
  return Promise.all(calls);
}

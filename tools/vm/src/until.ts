import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '@sriov/errors';

/** Each look costs a TLS handshake or a process, on processors that the guest needs. */
const POLL_MS = 250;
/** An emulated machine under load is slow; that nothing comes at all is found out all the same. */
const WAIT_MS = 120_000;

/**
 * Waits until `holds` neither rejects nor resolves with `false` or `undefined`, and resolves with what it did.
 * @throws Error that names `what`, and the last failure, when that takes too long
 */
export async function until<T>(
  what: string,
  holds: () => Promise<T>,
  timeoutMs = WAIT_MS,
): Promise<Exclude<T, false | undefined>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const [value, failure] = await holds().then(
      (result) => [result, ''] as const,
      (error: unknown) => [undefined, `: ${messageOf(error)}`] as const,
    );
    if (value !== undefined && value !== false) return value as Exclude<T, false | undefined>;
    if (Date.now() > deadline) throw new Error(`not seen in ${timeoutMs / 1000} s: ${what}${failure}`);
    await delay(POLL_MS);
  }
}

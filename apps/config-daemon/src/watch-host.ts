import { type Kernel, type KernelEvent } from '@sriov/host';
import { type Clock, type Logger } from '@sriov/runtime';

/** Ports for following the host. */
export interface WatchHostPorts {
  readonly kernel: Pick<Kernel, 'watch'>;
  readonly clock: Pick<Clock, 'elapsed' | 'sleep'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly auditMs: number;
}

/** Events of the host cause at most one look in so many milliseconds: pods come and go, each with its veth. */
const LOOK_MS = 1_000;
/** First wait before following the host's events again after their source failed, and the longest. */
const REOPEN_MS = { first: 10_000, longest: 300_000 };

/** Wakes the daemon when the host reports a change, and by the clock in case it reported none. */
export async function watchHost(
  ports: WatchHostPorts,
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const throttled = throttle(ports.clock, wake);
  const sources = ['link', 'device'] as const;
  await Promise.all([
    ...sources.map((source) => follow({ ...ports, source }, throttled, signal)),
    audit(ports, wake, signal),
  ]);
}

/** The first event wakes the daemon at once. Events that follow too soon wake it once, together. */
function throttle(clock: Pick<Clock, 'elapsed'>, wake: (delayMs: number) => void): () => void {
  let lastAt = -Infinity;
  return () => {
    const now = clock.elapsed();
    // That look is still to come, and will see what this event reports.
    if (lastAt > now) return;
    const delayMs = Math.max(0, lastAt + LOOK_MS - now);
    lastAt = now + delayMs;
    wake(delayMs);
  };
}

/** Follows one source of events. Without it the other source and the audit still find every change, but later. */
async function follow(
  { kernel, clock, log, source }: WatchHostPorts & { readonly source: KernelEvent['kind'] },
  onEvent: () => void,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = REOPEN_MS.first;
  let isMissed = false;
  while (!signal.aborted) {
    let told = 0;
    const tell = (): void => {
      told += 1;
      onEvent();
    };
    try {
      await kernel.watch(source, tell, signal);
    } catch (err) {
      if (!isMissed)
        log.warn({ err, source }, `cannot follow the ${source} events of the host: changes are found later`);
      isMissed = true;
      if (told > 0) waitMs = REOPEN_MS.first;
      await clock.sleep(waitMs, signal);
      waitMs = Math.min(waitMs * 2, REOPEN_MS.longest);
      // The source may have ended in a burst of events, and nobody knows what it would have reported since.
      if (told > 0) onEvent();
    }
  }
}

async function audit(
  { clock, auditMs }: Pick<WatchHostPorts, 'clock' | 'auditMs'>,
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(auditMs, signal);
    wake(0);
  }
}

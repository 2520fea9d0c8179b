import { type Clock } from './clock.ts';
import { type Logger } from './log.ts';
import { type LookPace } from './look-pace.ts';

/** Something that tells of changes, of some of which nobody may hear. */
export interface EventSource {
  /** For people: `the link events of the host`. */
  readonly what: string;
  /** Calls `tell` at each change until the signal aborts. Rejects when the source ends before that. */
  readonly open: (tell: () => void, signal: AbortSignal) => Promise<void>;
}

/** How sources are followed. */
export interface FollowPorts {
  readonly sources: readonly EventSource[];
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Decides how soon an event wakes. */
  readonly pace: Pick<LookPace, 'event'>;
  /** Longest time without being woken. */
  readonly auditMs: number;
}

/** First wait before a source that failed is opened again, and the longest. */
const REOPEN_MS = { first: 10_000, longest: 300_000 };

/** Wakes when a source tells of a change, and by the clock in case none did. */
export async function followSources(
  ports: FollowPorts,
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const onEvent = (): void => ports.pace.event(wake);
  await Promise.all([
    ...ports.sources.map((source) => follow(ports, source, onEvent, signal)),
    audit(ports, wake, signal),
  ]);
}

/** Follows one source. Without it the other sources and the audit still find every change, but later. */
async function follow(
  { clock, log }: Pick<FollowPorts, 'clock' | 'log'>,
  { what, open }: EventSource,
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
      await open(tell, signal);
    } catch (err) {
      if (!isMissed) log.warn({ err }, `cannot follow ${what}: changes are found later`);
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
  { clock, auditMs }: Pick<FollowPorts, 'clock' | 'auditMs'>,
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(auditMs, signal);
    wake(0);
  }
}

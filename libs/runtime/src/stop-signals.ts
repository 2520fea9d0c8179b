import { describeDuration } from '@sriov/words';
import { type Clock } from './clock.ts';

/** The part of a process that its signals need. */
export interface SignalledProcess {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

/** How long a service may take to stop, unless it says otherwise. Less than the 30 s that the kubelet leaves to pods. */
const STOP_DEADLINE_MS = 25_000;

/** Aborts on the first signal; ends the process at once on the second, or when the service does not stop in time. */
export function stopOnSignals(
  process: SignalledProcess,
  clock: Clock,
  deadlineMs: number = STOP_DEADLINE_MS,
): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) {
      process.exit(1);
      return;
    }
    stop.abort();
    clock.setTimer(deadlineMs, () => {
      process.stderr.write(`did not stop within ${describeDuration(deadlineMs)}\n`);
      process.exit(1);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}

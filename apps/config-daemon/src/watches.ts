import { type Kernel } from '@sriov/host';
import { type Clock, type Logger } from '@sriov/runtime';

/** Changes of the host come in bursts, such as one event a VF: they are looked at together. */
const SETTLE_MS = 500;
/** Wait before following the host's events again after their source failed. */
const REOPEN_MS = 10_000;

/** Wakes the daemon when the host tells of a change, and by the clock in case it told nothing. */
export async function watchHost(
  ports: { readonly kernel: Kernel; readonly clock: Clock; readonly log: Logger; readonly auditMs: number },
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([followEvents(ports, wake, signal), audit(ports, wake, signal)]);
}

async function followEvents(
  { kernel, clock, log }: { readonly kernel: Kernel; readonly clock: Clock; readonly log: Logger },
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  let hasTold = false;
  const onEvent = (): void => {
    hasTold = true;
    wake(SETTLE_MS);
  };
  while (!signal.aborted) {
    try {
      await kernel.watch(onEvent, signal);
    } catch (error) {
      failures += 1;
      // Without events the audit still finds every change, only later.
      if (failures === 1) log.warn({ err: error }, 'cannot follow the events of the host; the audit goes on');
      await clock.sleep(REOPEN_MS, signal);
      // It may have ended under a burst of events, and nobody knows what it would have told since.
      if (hasTold) wake(SETTLE_MS);
      hasTold = false;
    }
  }
}

async function audit(
  { clock, auditMs }: { readonly clock: Clock; readonly auditMs: number },
  wake: (delayMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(auditMs, signal);
    wake(0);
  }
}

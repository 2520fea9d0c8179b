/** Time as services see it; tests pass one that they move by hand. */
export interface Clock {
  /** Milliseconds since the epoch: for what people and other machines read. It jumps when someone sets the clock. */
  now(): number;
  /** Milliseconds since some moment that never changes: for measuring how long something takes or may still take. */
  elapsed(): number;
  /** Calls `callback` once, `ms` from now; the returned function cancels it. */
  setTimer(ms: number, callback: () => void): () => void;
  /** Resolves after `ms`, or at once when `signal` aborts: the caller looks at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Longest delay of a timer of Node, which fires at once where a longer one is asked for: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  setTimer(ms, callback) {
    let timer: NodeJS.Timeout;
    const arm = (rest: number): void => {
      const isLast = rest <= MAX_TIMER_MS;
      timer = setTimeout(() => (isLast ? callback() : arm(rest - MAX_TIMER_MS)), isLast ? rest : MAX_TIMER_MS);
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = systemClock.setTimer(ms, finish);
      signal?.addEventListener('abort', finish);
    });
  },
};

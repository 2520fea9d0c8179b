/** The part of a clock that queues and controllers need. */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once, `ms` from now; the returned function cancels it. */
  setTimer(ms: number, callback: () => void): () => void;
}

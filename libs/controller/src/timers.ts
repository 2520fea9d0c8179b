/** The part of a clock that queues and controllers need. */
export interface Timers {
  /** Milliseconds since some moment that never changes. */
  elapsed(): number;
  /** Calls `callback` once, `ms` from now; the returned function cancels it. */
  setTimer(ms: number, callback: () => void): () => void;
}

/**
 * How one reconcile of a key ended. A throw is the fourth way: a failure that may pass, which is tried again with
 * backoff.
 */
export type Outcome = Done | Wait | Stalled;

/** Everything that is up to us is as it should be. */
export interface Done {
  readonly kind: 'done';
  readonly reason: string;
  readonly message: string;
}

/**
 * Something that will happen by itself has not happened yet. The key is reconciled again after `ms`, or on an event.
 */
export interface Wait {
  readonly kind: 'wait';
  readonly ms: number;
  readonly reason: string;
  readonly message: string;
}

/** Only a change of the objects can help, so the key is not retried before one is seen. */
export interface Stalled {
  readonly kind: 'stalled';
  readonly reason: string;
  readonly message: string;
}

/** See {@link Done}. */
export const done = (reason: string, message: string): Done => ({ kind: 'done', reason, message });
/** See {@link Wait}. */
export const wait = (ms: number, reason: string, message: string): Wait => ({ kind: 'wait', ms, reason, message });
/** See {@link Stalled}. */
export const stalled = (reason: string, message: string): Stalled => ({ kind: 'stalled', reason, message });

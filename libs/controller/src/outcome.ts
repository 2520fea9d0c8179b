/**
 * How one reconcile of a key ended. A throw is the fourth way: something that may pass, tried again with a growing
 * delay.
 */
export type Outcome = Done | Wait | Stalled;

/** The world is as it should be, as far as it is up to us. */
export interface Done {
  readonly kind: 'done';
  readonly reason: string;
  readonly message: string;
}

/** Something that will happen by itself is missing; look again after `ms`, or when an event says so. */
export interface Wait {
  readonly kind: 'wait';
  readonly ms: number;
  readonly reason: string;
  readonly message: string;
}

/** Only a change of the objects can help: no retry until one is seen. */
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

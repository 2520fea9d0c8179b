import { type Selection } from './resource-path.ts';

/** A page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Version of the list as a whole: where a watch begins. */
  readonly resourceVersion: string;
  /** Token of the next page; absent on the last. */
  readonly continueToken?: string;
}

/** Which page of a list. */
export interface PageRequest extends Selection {
  readonly limit: number;
  readonly continueToken?: string | undefined;
  /** Ask for metadata only: the server leaves spec and status out. */
  readonly metadataOnly?: boolean;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

/** What happened to an object. */
export interface ObjectChange<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

/** One event of a watch: a change of an object, how far the watch is, or a Status that says why the watch ends. */
export type WatchEvent<T> =
  | ObjectChange<T>
  | { readonly type: 'BOOKMARK'; readonly object: { readonly metadata: { readonly resourceVersion?: string } } }
  | { readonly type: 'ERROR'; readonly object: unknown };

/** True when an event is about an object, and not about the watch. */
export function isChange<T>(event: WatchEvent<T>): event is ObjectChange<T> {
  return event.type !== 'BOOKMARK' && event.type !== 'ERROR';
}

/** From where, and for how long, to watch. */
export interface WatchRequest extends Selection {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
  /** The watch ends with an error when no byte came for this long. */
  readonly inactivityMs: number;
  readonly metadataOnly?: boolean;
  readonly signal: AbortSignal;
}

/** How an apply or patch is done. */
export interface WriteOptions {
  readonly subresource?: 'status' | undefined;
  readonly dryRun?: boolean;
  /** Ask for an answer with metadata only: for large objects of which nobody reads the rest. */
  readonly metadataOnly?: boolean;
}

/** Which object, or which version of it, a deletion means. */
export interface Precondition {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

/** What becomes of the objects that the deleted one owns: they go with it afterwards, or stay without an owner. */
export type Propagation = 'Background' | 'Orphan';

/** For how long a client may write. A former leader must not overwrite what its successor has written. */
export interface WritePermit {
  /** Aborts when the permit ends. Writes under way are broken off then. */
  readonly lost: AbortSignal;
  /** Whether the permit holds at this moment. */
  readonly mayWrite: () => boolean;
}

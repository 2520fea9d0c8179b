/** A call that changes nothing, and may not come back for a long time. */
interface BlockingLook {
  readonly verb: 'read' | 'readlink' | 'list';
  readonly path: string;
}

/** A write that may not come back for a long time. */
export interface BlockingWrite {
  readonly verb: 'write';
  readonly path: string;
  readonly value: string;
}

/** A call that may not come back for a long time. */
export type BlockingCall = BlockingLook | BlockingWrite;

/** How it ended: the text that was read or the names that were found, or the errno's name. */
export type BlockingResult = { readonly text: string } | { readonly names: string[] } | { readonly code: string };

/** Is called when a thread begins to make the call. */
export type OnStart = () => void;

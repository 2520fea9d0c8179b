/** How RDMA devices go with network namespaces: each belongs to one (exclusive), or all see it (shared). */
export type RdmaMode = 'shared' | 'exclusive';

/** What decides which RDMA mode the kernel starts with, beside its own default, which is shared. */
export interface ObservedRdmaConfig {
  /** Content of the operator's file for modprobe; absent where there is none. */
  readonly file?: string;
  /** Why the file cannot be read: a sentence without a full stop. */
  readonly fault?: string;
  /** What others have set. */
  readonly others: readonly RdmaModeSetting[];
}

/** A mode that somebody else has set: on the command line of the kernel, or in a file for modprobe. */
export interface RdmaModeSetting {
  readonly where: string;
  /** As it stands there. */
  readonly words: string;
  readonly mode: RdmaMode;
}

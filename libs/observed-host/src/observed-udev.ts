/** udev on the host, and the files below `/etc/udev` that are the operator's, by their path from there. */
export interface ObservedUdev {
  /** udevd listens to its control socket. */
  readonly isRunning: boolean;
  readonly files: ReadonlyMap<string, UdevFile>;
  /** Why files there cannot be written, or could not be looked at: a sentence without a full stop; absent if neither. */
  readonly refusal?: string;
  /** Nobody knows which files there are: `files` has none. */
  readonly isUnseen?: true;
}

/** A file below `/etc/udev`. */
export interface UdevFile {
  readonly content: string;
  /** Its owner may run it. */
  readonly isExecutable: boolean;
}

/**
 * The kernel port: everything the node side asks of the host goes through these verbs. The real one is
 * {@link HostKernel}; `libs/host-sim` is the second implementation. Both pass the same contract suite.
 *
 * Paths are absolute paths of the host (`/sys/...`, `/proc/...`, `/etc/...`).
 */
export interface Kernel {
  /**
   * The content of a file, as text.
   * @throws {KernelError} with the errno: some attributes exist and refuse to be read (`EINVAL`, `EOPNOTSUPP`).
   */
  read(path: string, options?: ReadOptions): Promise<string>;

  /**
   * Writes `value` with exactly one write(2), without a line feed of its own. An empty string is refused, because
   * write(2) of nothing does nothing: clear an attribute with `"\n"`.
   * @throws {KernelError} with the errno; {@link KernelBlockedError} when `deadlineMs` passes first.
   */
  write(path: string, value: string, options?: CallOptions): Promise<void>;

  /** The target of a symbolic link as it is stored, mostly relative. @throws {KernelError} */
  readlink(path: string): Promise<string>;

  /** The names in a directory, sorted by code point. @throws {KernelError} */
  list(path: string): Promise<string[]>;

  /**
   * Runs a command to its end, whatever its exit code.
   * @throws {KernelError} `ENOENT` when there is no such command, `ETIMEDOUT` when `deadlineMs` passes.
   */
  exec(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>;

  /**
   * Calls a method of a gRPC service of the host that takes one message and answers with one.
   * @throws {KernelError} with the status of gRPC as its code, such as `UNAVAILABLE` or `DEADLINE_EXCEEDED`
   */
  call(method: RpcMethod, message: Uint8Array, options?: CallOptions): Promise<Uint8Array>;

  /**
   * Tells of changes of devices and links until `signal` aborts. Events are hints to observe again: some may be
   * lost or merged. Resolves on abort, rejects when the source of events fails.
   */
  watch(onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void>;
}

/** A method of a gRPC service that listens on a unix socket. */
export interface RpcMethod {
  /** Absolute path of the host. */
  readonly socket: string;
  /** Such as `/v1.PodResourcesLister/List`. */
  readonly method: string;
}

/** Limits of one call. */
export interface CallOptions {
  /**
   * For calls that can block in the kernel (`sriov_numvfs`, bind, unbind, reset): run the call where it can be
   * abandoned and give up waiting after so many milliseconds. The call itself goes on.
   */
  readonly deadlineMs?: number;
}

/** How a file is read. */
export interface ReadOptions extends CallOptions {
  /**
   * For files in folders that everybody may write: `EPERM` unless it is a regular file that root owns, that nobody else
   * can write, and that is reached by no symbolic link of its name and has no other name.
   */
  readonly ownedByRoot?: boolean;
}

/** How a command runs. */
export interface ExecOptions {
  /** Kill the command after so many milliseconds; 30,000 unless given. */
  readonly deadlineMs?: number;
  /** Text for its standard input. */
  readonly input?: string;
  /** Run in the host's root file system, for tools that need host files (modprobe, udevadm, systemctl). */
  readonly onHost?: boolean;
}

/** What a command left behind. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A hint that something changed. */
export interface KernelEvent {
  readonly kind: 'link' | 'device';
  /** Interface name or PCI address, where the source tells it. */
  readonly name?: string;
}

/** A call that the kernel refused; `code` is the errno's name, such as `EBUSY`. */
export class KernelError extends Error {
  override readonly name: string = 'KernelError';
  readonly code: string;
  readonly path: string;

  constructor(call: { readonly verb: string; readonly path: string; readonly code: string; readonly detail?: string }) {
    super(`${call.verb} ${call.path}: ${call.code}${call.detail === undefined ? '' : ` (${call.detail})`}`);
    this.code = call.code;
    this.path = call.path;
  }
}

/** A call that had not returned at its deadline. It still runs in the kernel: `released` settles when it ends. */
export class KernelBlockedError extends KernelError {
  override readonly name = 'KernelBlockedError';
  /** When the call began, milliseconds since the epoch. */
  readonly since: number;
  readonly released: Promise<void>;

  constructor(call: { readonly verb: string; readonly path: string; since: number; released: Promise<void> }) {
    super({ ...call, code: 'EBLOCKED', detail: 'the call has not returned from the kernel' });
    this.since = call.since;
    this.released = call.released;
  }
}

/** True when `error` is a {@link KernelError} with one of the errno names. */
export function isErrno(error: unknown, ...codes: readonly string[]): error is KernelError {
  return error instanceof KernelError && codes.includes(error.code);
}

import { formatTime } from '@sriov/api';
import { HostError } from './host-error.ts';

/**
 * The kernel port: everything the node side asks of the host goes through these verbs. The real one is
 * {@link HostKernel}; `libs/host-sim` is the second implementation. Both pass the same contract suite.
 *
 * Paths are absolute paths of the host (`/sys/...`, `/proc/...`, `/etc/...`).
 */
export interface Kernel {
  /** The pod that this process runs in, `namespace/name`: the kubelet knows it. Absent outside a pod. */
  readonly pod?: string;

  /**
   * The content of a file, as text.
   * @throws {KernelError} with the errno: some attributes exist and refuse to be read (`EINVAL`, `EOPNOTSUPP`),
   * and `EFBIG` when the file has more than 16 MiB;
   * {@link KernelBlockedError} when the deadline passes first.
   */
  read(path: string, options?: ReadOptions): Promise<string>;

  /**
   * Writes `value` with exactly one write(2), without a line feed of its own. An empty string is refused, because
   * write(2) of nothing does nothing: clear an attribute with `"\n"`.
   * @throws {KernelError} with the errno; {@link KernelBlockedError} when the deadline passes first.
   */
  write(path: string, value: string, options?: CallOptions): Promise<void>;

  /** The target of a symbolic link as it is stored, mostly relative. @throws {KernelError} */
  readlink(path: string): Promise<string>;

  /** The names in a directory, sorted by code point. @throws {KernelError} */
  list(path: string): Promise<string[]>;

  /**
   * Runs a command to its end, whatever its exit code.
   * @throws {KernelError} `ENOENT` when there is no such command, `ETIMEDOUT` when it was ended at its deadline;
   * {@link KernelBlockedError} when it could not be ended, because it is blocked in the kernel (state D).
   */
  exec(command: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>;

  /**
   * Calls a method of a gRPC service of the host that takes one message and answers with one.
   * @throws {KernelError} with the status of gRPC as its code, such as `UNAVAILABLE` or `DEADLINE_EXCEEDED`
   */
  call(method: RpcMethod, message: Uint8Array, options?: CallOptions): Promise<Uint8Array>;

  /**
   * Calls a method of a JSON-RPC 1.0 server of the host, such as that of Open vSwitch (RFC 7047), and resolves with the
   * result.
   * @throws {KernelError} `ENOENT` or `ECONNREFUSED` where nobody listens, `ETIMEDOUT` when no answer has come at the
   * deadline, `EPROTO` when what came is none, or is an error
   */
  callJson(method: RpcMethod, params: readonly unknown[], options?: CallOptions): Promise<unknown>;

  /**
   * Tells of changes of links, of PCI devices (one comes or goes, a driver is bound or unbound), of the pods of the node
   * (one comes, or is gone and has given back its devices), or of Open vSwitch (one of its programs
   * starts or stops, or has carried out a change), until `signal`
   * aborts. Events are hints to observe again: some may be lost or merged, and some tell of nothing that matters.
   * Resolves on abort, rejects when the source of events fails.
   */
  watch(source: KernelEvent['kind'], onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void>;
}

/** A method of a service that listens on a unix socket. */
export interface RpcMethod {
  /** Absolute path of the host. */
  readonly socket: string;
  /** Such as `/v1.PodResourcesLister/List` of gRPC, or `transact`. */
  readonly method: string;
}

/**
 * Longest wait for a call, in milliseconds, unless it is told another one. Any file of sysfs can wait for a lock that a
 * stuck driver has.
 */
export const CALL_DEADLINE_MS = 10_000;
/** Longest run of a command, in milliseconds, unless it is told another one. */
export const EXEC_DEADLINE_MS = 30_000;

/** Limits of one call. */
export interface CallOptions {
  /**
   * Give up waiting after so many milliseconds; {@link CALL_DEADLINE_MS} unless given. The call itself goes on, and is
   * not made a second time while it does: whoever asks for it again hears at once that it has not come back.
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
  /** Kill the command after so many milliseconds; {@link EXEC_DEADLINE_MS} unless given. */
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
  readonly kind: 'link' | 'device' | 'pod' | 'ovs';
  /** Interface name or PCI address, where the source tells it. */
  readonly name?: string;
}

/** A call of the kernel that failed. */
interface FailedCall {
  readonly verb: string;
  readonly path: string;
  readonly code: string;
  readonly detail?: string;
}

/** A call that the kernel refused; `code` is the errno's name, such as `EBUSY`. */
export class KernelError extends HostError {
  override readonly name: string = 'KernelError';
  readonly code: string;
  readonly path: string;

  constructor(call: FailedCall) {
    super(`${call.verb} ${call.path}: ${call.code}${call.detail === undefined ? '' : ` (${call.detail})`}`);
    this.code = call.code;
    this.path = call.path;
  }
}

/** A call that the kernel took without a word, and that did not do what it should. */
export class EffectError extends KernelError {
  override readonly name = 'EffectError';

  /** @param call with `detail`, a sentence with what was asked for, what is, and what may help */
  constructor(call: { readonly verb: string; readonly path: string; readonly detail: string }) {
    super({ ...call, code: 'NO_EFFECT' });
    this.message = call.detail;
  }
}

/** A call that was given up waiting for. */
export interface BlockedCall {
  readonly verb: string;
  readonly path: string;
  /** When the call began, milliseconds since the epoch: for people, who read clocks. */
  readonly since: number;
  /** How long it was waited for, in milliseconds. */
  readonly waitedMs: number;
  /** Resolves when the call ends. */
  readonly released: Promise<void>;
  /** What is not so yet, where the call itself has returned: words in front of "since". */
  readonly unfinished?: string;
}

/** A call that had not returned at its deadline. It still runs in the kernel: `released` resolves when it ends. */
export class KernelBlockedError extends KernelError implements BlockedCall {
  override readonly name = 'KernelBlockedError';
  readonly verb: string;
  readonly since: number;
  readonly waitedMs: number;
  readonly released: Promise<void>;
  readonly unfinished?: string;

  constructor(call: BlockedCall) {
    const { unfinished } = call;
    super({
      ...call,
      code: 'EBLOCKED',
      detail: `${unfinished ?? 'not back from the kernel'} since ${formatTime(call.since)}`,
    });
    if (unfinished !== undefined) this.unfinished = unfinished;
    this.verb = call.verb;
    this.since = call.since;
    this.waitedMs = call.waitedMs;
    this.released = call.released;
  }
}

/** True when `error` is a {@link KernelError} with one of the errno names. */
export function isErrno(error: unknown, ...codes: readonly string[]): error is KernelError {
  return error instanceof KernelError && codes.includes(error.code);
}

import pLimit from 'p-limit';
import { type BlockingCall, type BlockingResult } from './blocking-call.ts';
import { BlockingCalls } from './blocking-calls.ts';
import { MAX_FILE } from './call-program.ts';
import {
  CALL_DEADLINE_MS,
  type CallOptions,
  type ExecOptions,
  type ExecResult,
  isErrno,
  type Kernel,
  KernelBlockedError,
  KernelError,
  type KernelEvent,
  type ReadOptions,
  type RpcMethod,
} from './kernel.ts';
import { readOwnedByRoot } from './read-owned-by-root.ts';
import { callJsonRpc } from './call-json.ts';
import { followProcess } from './follow-process.ts';
import { runProcess } from './run-process.ts';
import { UnansweredCalls } from './unanswered-calls.ts';
import { OVS_FOLDER } from './ovs-sockets.ts';
import { watchFolder } from './watch-folder.ts';
import { watchOvs } from './watch-ovs.ts';

/** These show the kernel, not the host's disk: they are the same inside a privileged container. */
const KERNEL_FOLDERS = ['/sys/', '/proc/', '/dev/'];

/** What pods are given, and what comes with its driver, perhaps later than that. */
const DEVICE_SUBSYSTEMS = ['pci', 'infiniband', 'vdpa', 'auxiliary'];

/** Where the kubelet has a folder for each pod of the node (k8s.io/kubernetes/pkg/kubelet/config/defaults.go). */
const POD_FOLDER = '/var/lib/kubelet/pods';

/**
 * Reads that are under way at the same time: they share a message to their thread, and should all of them be stuck, no
 * more threads than that are made for them.
 */
const READS_AT_ONCE = 32;

/**
 * Tools of systemd, udevadm among them, do nothing and report success where they take themselves to be in a chroot, as
 * newer ones do here: they are in one, and yet on the host.
 */
const HOST_ENVIRONMENT = { SYSTEMD_IGNORE_CHROOT: '1' };

/** How the process stands to the machine that it runs on. */
export interface HostKernelOptions {
  /** Where the host's root file system is mounted; empty or `/` outside a container. */
  readonly hostRoot: string;
  /** See {@link Kernel}. */
  readonly pod?: string | undefined;
}

/**
 * The kernel of the machine that this process runs on. Errnos are spelled as Node.js spells them: EOPNOTSUPP, which
 * is the same number on Linux, is `ENOTSUP`.
 */
export class HostKernel implements Kernel {
  readonly pod?: string;
  readonly #hostRoot: string;
  readonly #blocking = new BlockingCalls();
  readonly #unanswered = new UnansweredCalls();
  readonly #reads = pLimit(READS_AT_ONCE);

  constructor({ hostRoot, pod }: HostKernelOptions) {
    this.#hostRoot = hostRoot === '/' ? '' : hostRoot;
    if (pod !== undefined) this.pod = pod;
  }

  async read(path: string, options: ReadOptions = {}): Promise<string> {
    if (options.ownedByRoot === true) return attempt('read', path, () => readOwnedByRoot(this.#realPath(path)));
    return textOf(await this.#look({ verb: 'read', path }, options));
  }

  async write(path: string, value: string, options: CallOptions = {}): Promise<void> {
    if (value === '') {
      throw new KernelError({
        verb: 'write',
        path,
        code: 'EINVAL',
        detail: 'an empty write does nothing: write "\\n"',
      });
    }
    await this.#guarded({ verb: 'write', path, value }, options);
  }

  async readlink(path: string): Promise<string> {
    return textOf(await this.#look({ verb: 'readlink', path }));
  }

  async list(path: string): Promise<string[]> {
    const result = await this.#look({ verb: 'list', path });
    return 'names' in result ? result.names.sort() : [];
  }

  async call({ socket, method }: RpcMethod, message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    // Loaded when it is needed first: most tests and commands never do.
    const { callUnary } = await import('./call-unary.ts');
    return callUnary({ socket: this.#realPath(socket), method }, message, options);
  }

  callJson(method: RpcMethod, params: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    return callJsonRpc({ ...method, realSocket: this.#realPath(method.socket) }, params, options);
  }

  exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const isInContainer = options.onHost === true && this.#hostRoot !== '';
    const words = isInContainer ? ['chroot', this.#hostRoot, command, ...args] : [command, ...args];
    const environment = isInContainer ? HOST_ENVIRONMENT : {};
    return this.#unanswered.make(`exec ${words.join(' ')} ${options.input ?? ''}`, () =>
      runProcess(words, { ...options, environment }),
    );
  }

  /**
   * Links are followed with `ip monitor link`. Devices with `udevadm monitor --kernel`, which hears the uevents of the
   * kernel itself, those for `bind` and `unbind` since Linux 4.14 among them; that of the host where there is none
   * here. Pods with the kubelet's folder of pods: one is made there before the pod's containers start, and removed when
   * they have ended and nothing of the pod is left. No interface tells of the end of a pod that had a VF by VFIO. Open
   * vSwitch with the folder of its sockets, and a connection to each of its programs.
   */
  async watch(source: KernelEvent['kind'], onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void> {
    const tell = (): void => onEvent({ kind: source });
    if (source === 'pod')
      return attempt('watch', POD_FOLDER, () => watchFolder(this.#realPath(POD_FOLDER), tell, signal));
    if (source === 'ovs') return attempt('watch', OVS_FOLDER, () => watchOvs(this.#realPath(OVS_FOLDER), tell, signal));
    if (source === 'link') return followProcess(['ip', '-o', 'monitor', 'link'], tell, signal);
    const words = ['udevadm', 'monitor', '--kernel', ...DEVICE_SUBSYSTEMS.map((name) => `--subsystem-match=${name}`)];
    try {
      await followProcess(words, tell, signal);
    } catch (error) {
      if (!isErrno(error, 'ENOENT') || this.#hostRoot === '') throw error;
      await followProcess(['chroot', this.#hostRoot, ...words], tell, signal);
    }
  }

  #realPath(path: string): string {
    return KERNEL_FOLDERS.some((folder) => path.startsWith(folder)) ? path : `${this.#hostRoot}${path}`;
  }

  /** A call that changes nothing: few at the same time. */
  #look(call: BlockingCall, options: CallOptions = {}): Promise<Answer> {
    return this.#reads(() => this.#guarded(call, options));
  }

  /** Makes the call where it can be abandoned, and gives up waiting for it at the deadline. */
  #guarded(call: BlockingCall, { deadlineMs = CALL_DEADLINE_MS }: CallOptions): Promise<Answer> {
    const key = `${call.verb} ${call.path} ${call.verb === 'write' ? call.value : ''}`;
    return this.#unanswered.make(key, () => this.#make(call, deadlineMs));
  }

  async #make(call: BlockingCall, deadlineMs: number): Promise<Answer> {
    let expire: (error: KernelBlockedError) => void;
    const expired = new Promise<never>((_, reject) => {
      expire = reject;
    });
    let timer: NodeJS.Timeout | undefined;
    const running = this.#blocking.run({ ...call, path: this.#realPath(call.path) }, () => {
      const since = Date.now();
      clearTimeout(timer);
      timer = setTimeout(
        () => expire(new KernelBlockedError({ ...call, since, waitedMs: deadlineMs, released })),
        deadlineMs,
      );
    });
    const released = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      const result = await Promise.race([running, expired]);
      if ('code' in result) throw refusal(call, result.code);
      return result;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a call that the kernel did not refuse came back with. */
type Answer = Exclude<BlockingResult, { readonly code: string }>;

function textOf(answer: Answer): string {
  return 'text' in answer ? answer.text : '';
}

function refusal({ verb, path }: BlockingCall, code: string): KernelError {
  const detail = `it has more than ${MAX_FILE} bytes, which no file has that is read here`;
  return new KernelError({ verb, path, code, ...(code === 'EFBIG' && verb === 'read' && { detail }) });
}

async function attempt<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    throw new KernelError({ verb, path, code });
  }
}

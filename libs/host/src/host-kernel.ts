import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readdir, readFile, readlink } from 'node:fs/promises';
import { messageOf } from '@sriov/api';
import pLimit from 'p-limit';
import { BlockingCalls, type BlockingCall } from './blocking-calls.ts';
import {
  type CallOptions,
  type ExecOptions,
  type ExecResult,
  type Kernel,
  KernelBlockedError,
  KernelError,
  type KernelEvent,
  type ReadOptions,
  type RpcMethod,
} from './kernel.ts';
import { readOwnedByRoot } from './read-owned-by-root.ts';
import { runProcess } from './run-process.ts';

/** These show the kernel, not the host's disk: they are the same inside a privileged container. */
const KERNEL_FOLDERS = ['/sys/', '/proc/', '/dev/'];

/**
 * Files that are read at the same time. All file access shares four threads: more than a few reads are not faster, and
 * a look at thousands of VFs would open as many files, beyond what a process may have.
 */
const READS_AT_ONCE = 32;

/**
 * The kernel of the machine that this process runs on. Errnos are spelled as Node.js spells them: EOPNOTSUPP, which
 * is the same number on Linux, is `ENOTSUP`.
 */
export class HostKernel implements Kernel {
  readonly #hostRoot: string;
  readonly #blocking = new BlockingCalls();
  readonly #reads = pLimit(READS_AT_ONCE);

  /** @param options.hostRoot where the host's root file system is mounted; empty or `/` outside a container */
  constructor(options: { readonly hostRoot: string }) {
    this.#hostRoot = options.hostRoot === '/' ? '' : options.hostRoot;
  }

  async read(path: string, options: ReadOptions = {}): Promise<string> {
    const real = this.#realPath(path);
    if (options.ownedByRoot === true) return attempt('read', path, () => readOwnedByRoot(real));
    if (options.deadlineMs !== undefined) return this.#guarded({ verb: 'read', path: real }, options.deadlineMs);
    return this.#reads(() => attempt('read', path, () => readFile(real, 'utf8')));
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
    const real = this.#realPath(path);
    if (options.deadlineMs !== undefined) {
      await this.#guarded({ verb: 'write', path: real, value }, options.deadlineMs);
      return;
    }
    await attempt('write', path, async () => {
      // Not writeFile: it would create a file that is missing, and may write in pieces.
      const file = await open(real, constants.O_WRONLY);
      try {
        await file.write(value);
      } finally {
        await file.close();
      }
    });
  }

  readlink(path: string): Promise<string> {
    return attempt('readlink', path, () => readlink(this.#realPath(path)));
  }

  async list(path: string): Promise<string[]> {
    return (await attempt('list', path, () => readdir(this.#realPath(path)))).sort();
  }

  async call({ socket, method }: RpcMethod, message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    // Loaded when it is needed first: most tests and commands never do.
    const { callUnary } = await import('./call-unary.ts');
    return callUnary({ socket: this.#realPath(socket), method }, message, options);
  }

  exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const isInContainer = options.onHost === true && this.#hostRoot !== '';
    return isInContainer
      ? runProcess('chroot', [this.#hostRoot, command, ...args], options)
      : runProcess(command, args, options);
  }

  /** Follows `ip monitor link`, which tells of every interface that comes, goes or changes. */
  watch(onEvent: (event: KernelEvent) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const child = spawn('ip', ['-o', 'monitor', 'link'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const stop = (): void => void child.kill();
      signal.addEventListener('abort', stop, { once: true });
      child.stdout.setEncoding('utf8').on('data', () => onEvent({ kind: 'link' }));
      child.once('error', (cause) => reject(new Error(`ip monitor: ${messageOf(cause)}`, { cause })));
      child.once('close', (code) => {
        signal.removeEventListener('abort', stop);
        if (signal.aborted) resolve();
        else reject(new Error(`ip monitor ended with exit code ${code}`));
      });
    });
  }

  #realPath(path: string): string {
    return KERNEL_FOLDERS.some((folder) => path.startsWith(folder)) ? path : `${this.#hostRoot}${path}`;
  }

  /** Makes the call where it can be abandoned, and gives up waiting for it at the deadline. */
  async #guarded(call: BlockingCall, deadlineMs: number): Promise<string> {
    let expire: (error: KernelBlockedError) => void;
    const expired = new Promise<never>((_, reject) => {
      expire = reject;
    });
    let timer: NodeJS.Timeout | undefined;
    const running = this.#blocking.run(call, () => {
      const since = Date.now();
      timer = setTimeout(() => expire(new KernelBlockedError({ ...call, since, released })), deadlineMs);
    });
    const released = running.then(
      () => undefined,
      () => undefined,
    );
    try {
      const result = await Promise.race([running, expired]);
      if ('text' in result) return result.text;
      throw new KernelError({ verb: call.verb, path: call.path, code: result.code });
    } finally {
      clearTimeout(timer);
    }
  }
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

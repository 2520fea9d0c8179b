import { type ChildProcess, spawn } from 'node:child_process';
import { describeDuration } from '@sriov/words';
import { EXEC_DEADLINE_MS, type ExecOptions, type ExecResult, KernelBlockedError, KernelError } from './kernel.ts';

/** 128 VFs on 16 ports fill a few hundred kilobytes of JSON. */
const MAX_OUTPUT = 16 * 1024 * 1024;
/** A process that is still there so long after SIGKILL waits for something in the kernel (state D). */
const KILL_MS = 1_000;

/** How a process is run. */
export interface RunOptions extends ExecOptions {
  /** Ends the process and its children; the least that a test can take away is that this works. */
  readonly kill?: (child: ChildProcess) => void;
  /** What it finds in its environment beside that of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a command to its end. @param words the command and its arguments
 * @throws {KernelError} `ENOENT` when there is none, `ETIMEDOUT` when it was ended at its deadline, `EMSGSIZE` for
 * endless output; {@link KernelBlockedError} when it does not even end when it is killed
 */
export function runProcess(words: readonly string[], options: RunOptions): Promise<ExecResult> {
  const [command = '', ...args] = words;
  const call = { verb: 'exec', path: words.join(' ') };
  const { deadlineMs = EXEC_DEADLINE_MS, kill = killGroup, environment = {} } = options;
  return new Promise((resolve, reject) => {
    const since = Date.now();
    // A group of its own, so that what the command starts ends with it.
    const child = spawn(command, args, { env: { ...process.env, LC_ALL: 'C', ...environment }, detached: true });
    const released = new Promise<void>((settle) => child.once('exit', () => settle()));
    const fail = (code: string, detail?: string): void => {
      kill(child);
      reject(new KernelError({ ...call, code, ...(detail !== undefined && { detail }) }));
    };
    const expire = (): void => {
      kill(child);
      const giveUp = (): void =>
        reject(new KernelBlockedError({ ...call, since, waitedMs: deadlineMs + KILL_MS, released }));
      const patience = setTimeout(giveUp, KILL_MS);
      child.once('exit', () => {
        clearTimeout(patience);
        reject(
          new KernelError({
            ...call,
            code: 'ETIMEDOUT',
            detail: `still running after ${describeDuration(deadlineMs)}`,
          }),
        );
      });
    };
    const timer = setTimeout(expire, deadlineMs);
    const onTooMuch = (): void => fail('EMSGSIZE', 'too much output');
    const stdout = collect(child.stdout, onTooMuch);
    const stderr = collect(child.stderr, onTooMuch);
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(error.code ?? 'EIO');
    });
    child.once('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ exitCode: exitCode ?? 128, stdout: stdout(), stderr: signal ? `killed by ${signal}` : stderr() });
    });
    // A command that does not read its input closes it, which is no failure of ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

function collect(stream: NodeJS.ReadableStream, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT) onTooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

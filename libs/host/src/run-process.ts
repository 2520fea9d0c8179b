import { type ChildProcess, spawn } from 'node:child_process';
import { type ExecOptions, type ExecResult, KernelError } from './kernel.ts';

const DEFAULT_DEADLINE_MS = 30_000;
/** 128 VFs on 16 ports fill a few hundred kilobytes of JSON. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs a command to its end.
 * @throws {KernelError} `ENOENT` when there is none, `ETIMEDOUT` at the deadline, `EMSGSIZE` for endless output
 */
export function runProcess(command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const line = [command, ...args].join(' ');
  const { deadlineMs = DEFAULT_DEADLINE_MS } = options;
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the command starts ends with it.
    const child = spawn(command, args, { env: { ...process.env, LC_ALL: 'C' }, detached: true });
    const fail = (code: string, detail?: string): void => {
      killGroup(child);
      reject(new KernelError({ verb: 'exec', path: line, code, ...(detail !== undefined && { detail }) }));
    };
    const timer = setTimeout(() => fail('ETIMEDOUT', `still running after ${deadlineMs / 1000} s`), deadlineMs);
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

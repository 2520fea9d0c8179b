import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '@sriov/errors';
import { KernelError } from './kernel.ts';

/**
 * Runs a command that tells of events on its standard output until `signal` aborts, and calls `onOutput` for whatever
 * it tells. Resolves on abort. @param words the command and its arguments
 * @throws {KernelError} `ENOENT` when there is no such command, `ECHILD` when it ends by itself
 */
export function followProcess(words: readonly string[], onOutput: () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const [command = '', ...args] = words;
  const call = { verb: 'watch', path: words.join(' ') };
  return new Promise((resolve, reject) => {
    // udevadm does nothing in a chroot unless it is told that this is none (systemd, running_in_chroot).
    const env = { ...process.env, LC_ALL: 'C', SYSTEMD_IGNORE_CHROOT: '1' };
    const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const stop = (): void => void child.kill('SIGKILL');
    let complaint = '';
    signal.addEventListener('abort', stop, { once: true });
    child.stdout?.on('data', onOutput);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = `${complaint}${text}`.slice(-MOST_COMPLAINT);
    });
    child.once('error', (cause: NodeJS.ErrnoException) => {
      reject(new KernelError({ ...call, code: cause.code ?? 'EIO', detail: messageOf(cause) }));
    });
    child.once('close', (exitCode) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) {
        resolve();
        return;
      }
      const said = complaint.trim() === '' ? '' : `: ${complaint.trim()}`;
      reject(new KernelError({ ...call, code: 'ECHILD', detail: `it ended with exit code ${exitCode}${said}` }));
    });
  });
}

/** Characters of its last words that are kept. */
const MOST_COMPLAINT = 500;

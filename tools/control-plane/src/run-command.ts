import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { hasCode } from '@sriov/errors';

/** How a command runs. */
export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each line of its standard error. */
  readonly onErrorLine?: (line: string) => void;
}

/** Lines of standard error that a failure shows. */
const TAIL_LINES = 5;

/**
 * Runs a command and returns what it printed.
 * @throws Error with the last lines of its standard error, or that says that there is no such command.
 */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    const tail: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.trim() === '') return;
      options.onErrorLine?.(line);
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
    });
    child.on('error', (cause) => {
      const reason = hasCode(cause, 'ENOENT') ? 'there is no such command on the PATH' : cause.message;
      reject(new Error(`cannot run ${command}: ${reason}`, { cause }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else
        reject(new Error(`${command} ${args[0] ?? ''} failed (${signal ?? `exit code ${code}`}): ${tail.join(' | ')}`));
    });
  });
}

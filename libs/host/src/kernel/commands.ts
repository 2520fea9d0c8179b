import { type ExecOptions, type Kernel } from './kernel.ts';

/** A command that ended with an exit code other than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code = 'COMMAND_FAILED';
  readonly exitCode: number;
  readonly stderr: string;

  constructor(commandLine: string, result: { readonly exitCode: number; readonly stderr: string }) {
    const text = result.stderr.trim().split('\n').at(-1) || `exit code ${result.exitCode}`;
    super(`${commandLine}: ${text}`);
    this.exitCode = result.exitCode;
    this.stderr = result.stderr;
  }
}

/** Runs a command and returns its standard output. @throws {CommandError} {@link KernelError} */
export async function run(kernel: Kernel, commandLine: readonly string[], options: ExecOptions = {}): Promise<string> {
  const [command = '', ...args] = commandLine;
  const result = await kernel.exec(command, args, options);
  if (result.exitCode !== 0) throw new CommandError(commandLine.join(' '), result);
  return result.stdout;
}

/** Runs a command that prints JSON. No output at all counts as an empty list, as iproute2 prints none for none. */
export async function runJson(kernel: Kernel, commandLine: readonly string[]): Promise<unknown> {
  const text = (await run(kernel, commandLine)).trim();
  if (text === '') return [];
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error(`${commandLine.join(' ')}: the output is not JSON`, { cause });
  }
}

import { type z } from 'zod';
import { HostError } from './host-error.ts';
import { type ExecOptions, type Kernel } from './kernel.ts';
import { firstCharacters, understandJson } from './understand.ts';

/** A command that ended with an exit code other than 0. */
export class CommandError extends HostError {
  override readonly name = 'CommandError';
  readonly code = 'COMMAND_FAILED';
  readonly exitCode: number;
  readonly stderr: string;

  constructor(commandLine: string, result: { readonly exitCode: number; readonly stderr: string }) {
    const text = result.stderr.trim().split('\n').at(-1) || `exit code ${result.exitCode}`;
    super(`${commandLine}: ${firstCharacters(text)}`);
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

/**
 * Runs a command that prints JSON, and reads what it prints as the schema describes it. No output at all is no answer:
 * for none, iproute2 prints `[]` (measured with 6.1), and devlink and vdpa print an object without members.
 * @throws {NotUnderstoodError} {@link CommandError} {@link KernelError}
 */
export async function runJson<S extends z.ZodType>(
  kernel: Kernel,
  commandLine: readonly string[],
  schema: S,
): Promise<z.output<S>> {
  return understandJson(schema, await run(kernel, commandLine), `the output of ${commandLine.join(' ')}`);
}

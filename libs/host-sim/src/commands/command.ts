import { type Machine } from '../machine/machine.ts';

/** What a command printed, and its exit code. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An emulated command. `args` are the words behind its name. */
export interface Command {
  readonly run: (machine: Machine, args: readonly string[]) => CommandResult | Promise<CommandResult>;
  /** True when these words change something, so that they count as a write. */
  readonly changes: (args: readonly string[]) => boolean;
}

/** The command did what it was asked. */
export const printed = (stdout: string): CommandResult => ({ exitCode: 0, stdout, stderr: '' });
/** The command was refused. */
export const failed = (exitCode: number, stderr: string): CommandResult => ({
  exitCode,
  stdout: '',
  stderr: `${stderr}\n`,
});

import { messageOf } from '@sriov/errors';

/** A program of `tools/` that people start by hand. */
export interface Tool<F> {
  /** Text for `--help`, and behind what is wrong with the arguments. */
  readonly help: string;
  /** Reads the arguments; `undefined` when help is asked for. @throws Error that says what is wrong with them */
  readFlags(args: readonly string[]): F | undefined;
  /** Does the work; resolves with the exit code. */
  run(flags: F): Promise<number>;
  /** Exit code of a failure that people can do something about: its message is enough. All else shows its stack. */
  exitCodeOf(error: unknown): number | undefined;
}

/** Runs a tool as this process. Wrong arguments are exit code 2. */
export async function runTool<F>(tool: Tool<F>): Promise<void> {
  let flags: F | undefined;
  try {
    flags = tool.readFlags(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${tool.help}`);
    process.exitCode = 2;
    return;
  }
  if (flags === undefined) {
    process.stdout.write(`${tool.help}\n`);
    return;
  }
  try {
    process.exitCode = await tool.run(flags);
  } catch (error) {
    const exitCode = tool.exitCodeOf(error);
    if (exitCode === undefined) throw error;
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = exitCode;
  }
}

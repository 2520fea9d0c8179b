import { type CommandResult } from './command.ts';
import { Errno } from '../tree.ts';

/** Whether a command is `ip` with its lines on standard input. */
export function isIpBatch(command: string, args: readonly string[]): boolean {
  return command === 'ip' && args.join(' ') === '-force -batch -';
}

/**
 * `ip -force -batch -`: one command a line, each whatever became of those before. A line that failed is named behind
 * what it printed, and the exit code is 1 (do_batch in lib/utils.c, measured with iproute2 6.15). A line that `ip`
 * cannot read ends the process at once, with the exit code of that line (invarg in lib/utils.c calls exit).
 */
export async function runIpBatch(
  input: string,
  run: (words: readonly string[]) => Promise<CommandResult>,
): Promise<CommandResult> {
  let [stderr, exitCode] = ['', 0];
  for (const [index, line] of input.split('\n').entries()) {
    if (line === '') continue;
    const result = await runOrRefuse(line, run);
    stderr += result.stderr;
    if (result.exitCode === UNREADABLE) return { exitCode: UNREADABLE, stdout: '', stderr };
    if (result.exitCode === 0) continue;
    stderr += `Command failed -:${index + 1}\n`;
    exitCode = 1;
  }
  return { exitCode, stdout: '', stderr };
}

/** What exit(-1) becomes. */
const UNREADABLE = 255;

async function runOrRefuse(
  line: string,
  run: (words: readonly string[]) => Promise<CommandResult>,
): Promise<CommandResult> {
  try {
    return await run(line.split(' '));
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
    return { exitCode: 2, stdout: '', stderr: `RTNETLINK answers: ${error.code}\n` };
  }
}

import { parseArgs } from 'node:util';
import { CannotRunError, runTool } from '@sriov/control-plane';
import { Report } from './report.ts';

/** A lane of tests on a virtual machine, as a command. */
export interface Lane {
  /** `vm`: the command is `npm run test:vm`. */
  readonly name: string;
  /** What it does, as the part of a sentence that follows the name. */
  readonly about: string;
  /** Names of the scenarios, in their order. */
  readonly scenarios: readonly string[];
  /** Runs these scenarios. `tell` prints a line with the time. */
  readonly run: (only: readonly string[], report: Report, tell: (line: string) => void) => Promise<void>;
}

/** Runs the command, and sets the exit code of the process. */
export function runLane({ name, about, scenarios, run }: Lane): Promise<void> {
  const begin = Date.now();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const tell = (line: string): void => say(`${((Date.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  return runTool({
    help: `npm run test:${name}: ${about}

  --only NAME   run only this scenario; may be repeated. Scenarios: ${scenarios.join(', ')}
  --help

Exit codes: 0 everything passed, or this machine cannot run the tests (it prints the reason); 1 something failed; 2 wrong flags.
`,
    readFlags: (args) => readFlags(args, scenarios),
    async run(only) {
      const report = new Report(tell);
      try {
        await run(only, report, tell);
      } catch (error) {
        if (!(error instanceof CannotRunError)) throw error;
        say(`skipped, because this machine cannot run it: ${error.message}`);
      }
      say(`${name}: ${report.passed} passed, ${report.failed} failed`);
      return report.failed > 0 ? 1 : 0;
    },
    exitCodeOf: () => undefined,
  });
}

/** Names of the scenarios to run; absent for the help. @throws Error that says what is wrong with the arguments */
function readFlags(args: readonly string[], scenarios: readonly string[]): readonly string[] | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const unknown = (values.only ?? []).find((name) => !scenarios.includes(name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}`);
  return values.help ? undefined : (values.only ?? scenarios);
}

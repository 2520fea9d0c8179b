import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_OPERATOR_NAMESPACE, DEFAULT_RESOURCE_PREFIX, OPERATOR_VERSION } from '@sriov/api';
import { type CommandDefinition, COMMANDS, type GivenOptions, runCommand } from './commands.ts';
import { InputError } from './input/input-error.ts';
import { formatResult, OUTPUT_FORMATS } from './output.ts';
import { type Streams } from './streams.ts';

/** How a run ended, for the process. */
export const EXIT = {
  ok: 0,
  /** The answer is no: the cluster would refuse some of the input, or a move would not leave all as it is. */
  refused: 1,
  /** Wrong use, or unreadable input. */
  unusable: 2,
} as const;

const PROGRAM = 'kubectl-sriov';

/** Runs the program with the arguments behind its name. Resolves to the exit code; never rejects for bad input. */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = createProgram(streams, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already said what is wrong, or shown the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.unusable;
    if (!(error instanceof InputError)) throw error;
    streams.stderr.write(`error: ${error.message.replaceAll('\n', '\nerror: ')}\n`);
    return EXIT.unusable;
  }
}

type SetExitCode = (code: number) => void;

function createProgram(streams: Streams, setExitCode: SetExitCode): Command {
  const program = new Command(PROGRAM)
    .description('Shows what the SR-IOV network operator makes of your objects, without a cluster.')
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    })
    .exitOverride()
    .showHelpAfterError(`(see ${PROGRAM} --help)`)
    .version(OPERATOR_VERSION);
  for (const command of COMMANDS) addCommand(program, command, { streams, setExitCode });
  return program;
}

function addCommand(
  program: Command,
  command: CommandDefinition,
  { streams, setExitCode }: { readonly streams: Streams; readonly setExitCode: SetExitCode },
): void {
  const { mode } = command;
  const subcommand = program.command(command.name).summary(command.summary).description(command.description);
  if (mode !== undefined) subcommand.requiredOption(mode.flag, mode.summary);
  subcommand
    .requiredOption('-f, --filename <file...>', 'files and folders with YAML or JSON; - for standard input')
    .option('-R, --recursive', 'also read the folders below a folder', false)
    .addOption(new Option('-o, --output <format>', 'format of the result').choices(OUTPUT_FORMATS).default('text'))
    .option(
      '--operator-namespace <name>',
      `namespace of the operator (default: the namespace of the SriovOperatorConfig in the input, otherwise ${DEFAULT_OPERATOR_NAMESPACE})`,
      readNamespace,
    )
    .option('--resource-prefix <prefix>', 'prefix of device-plugin resources', readPrefix, DEFAULT_RESOURCE_PREFIX)
    .option('--supported-nics-only', 'use only NICs of the ConfigMap supported-nic-ids, as upstream does', false)
    .addHelpText('after', `\n${EXIT_HELP}`)
    .action(async (options: GivenOptions) => {
      const { result, notes, errors, isRefused } = await runCommand(command, options, streams.stdin);
      for (const note of notes) streams.stderr.write(`note: ${note}\n`);
      streams.stdout.write(formatResult(result, options.output));
      for (const error of errors) streams.stderr.write(`error: ${error}\n`);
      setExitCode(isRefused ? EXIT.refused : EXIT.ok);
    });
}

function readNamespace(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be lower-case letters, digits and dashes.');
}

function readPrefix(text: string): string {
  if (/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a domain without a slash, such as openshift.io.');
}

const EXIT_HELP =
  'Exit codes: 0 success, 1 the cluster would refuse something, or a move would change something, 2 wrong use or unreadable input.';

import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChartError, NoHelmError } from '@sriov/chart';
import { ControlPlaneError, NoControlPlaneError, runTool } from '@sriov/control-plane';
import { loadWorld, WorldError } from '@sriov/host-sim';
import { type ClusterOptions, DemoCluster } from './cluster.ts';
import { DemoError } from './demo-error.ts';
import { readExamples } from './examples.ts';
import { NOT_PROVEN, runWithoutCluster } from './no-cluster.ts';
import { findFaults, type Outcome } from './outcome.ts';
import { reportLines } from './report.ts';
import { Stopwatch } from './stopwatch.ts';

const HELP = `npm run demo: the whole operator on this machine, with a simulated node

Brings up an API server, installs the chart, starts the services as processes, applies
docs/examples/first-policies.yaml, and prints and checks what came of it.

  -- --keep         leave it running, to play with kubectl
  -- --world FILE   another simulated node; see tools/worlds
  -- --no-cluster   without an API server: the same planners and drivers in one process
  -- --help

Exit codes: 0 all is as the examples want it, 1 it is not or something is missing, 2 wrong use.
`;

/** As a shell says it of a program that Ctrl-C ended. */
const INTERRUPTED = 130;
const DEFAULT_WORLD = join(import.meta.dirname, '../../worlds/demo.yaml');

interface Flags {
  readonly keep: boolean;
  readonly world: string;
  readonly noCluster: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws Error that says what is wrong with the arguments. */
function readFlags(args: readonly string[]): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: 'boolean', default: false },
      world: { type: 'string', default: DEFAULT_WORLD },
      'no-cluster': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.keep && values['no-cluster']) {
    throw new Error("Options '--keep' and '--no-cluster' exclude each other: nothing runs that could be kept");
  }
  if (values.help) return undefined;
  return { keep: values.keep, world: values.world, noCluster: values['no-cluster'] };
}

/** Prints what came of it. Returns whether all is well. */
function conclude(outcome: Outcome): boolean {
  for (const line of reportLines(outcome)) say(line);
  const faults = findFaults(outcome);
  for (const fault of faults) say(`WRONG: ${fault}`);
  if (faults.length === 0) say('All is as the examples want it.');
  return faults.length === 0;
}

async function run({ keep, world, noCluster }: Flags): Promise<number> {
  // Before minutes go by: a world that cannot be used.
  loadWorld(world);
  const examples = await readExamples();
  const stopwatch = new Stopwatch(say);
  if (noCluster) {
    const isWell = conclude(await runWithoutCluster(world, examples, stopwatch));
    for (const line of ['', ...NOT_PROVEN]) say(line);
    return isWell ? 0 : 1;
  }
  return runWithCluster({ world, examples, stopwatch, say }, keep);
}

async function runWithCluster(options: ClusterOptions, keep: boolean): Promise<number> {
  const cluster = await DemoCluster.start(options);
  // Until here a signal ends us at once, and the supervisors clean up. From here on all is stopped in order.
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  // The supervisors keep nothing alive, so something has to.
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    const broken = Promise.race([cluster.services.failed, cluster.plane.failed.then((error) => Promise.reject(error))]);
    const outcome = await Promise.race([cluster.applyExamples(), interrupted, broken]);
    if (outcome instanceof Array) return INTERRUPTED;
    const isWell = conclude(outcome);
    if (!isWell) for (const tail of await cluster.services.logTails()) say(`\nthe log of ${tail}`);
    if (keep) {
      for (const line of cluster.invitation()) say(line);
      await Promise.race([interrupted, broken]);
    }
    return isWell ? 0 : 1;
  } finally {
    await cluster.stop();
    clearInterval(keepAlive);
  }
}

/** What the machine may do to us. All else is a bug. */
const EXPECTED = [NoControlPlaneError, ControlPlaneError, NoHelmError, ChartError, DemoError];

await runTool({
  help: HELP,
  readFlags,
  run,
  exitCodeOf(error) {
    if (error instanceof WorldError) return 2;
    const isExpected = EXPECTED.some((kind) => error instanceof kind) || (error instanceof Error && 'syscall' in error);
    return isExpected ? 1 : undefined;
  },
});

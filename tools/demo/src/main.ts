import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChartError } from '@sriov/chart';
import { ControlPlaneError, NoControlPlaneError, NoToolError, runTool } from '@sriov/control-plane';
import { loadWorld, WorldError } from '@sriov/host-sim';
import { type ClusterOptions, DemoCluster } from './cluster.ts';
import { DemoError } from './demo-error.ts';
import { findDrainFaults, showDrain } from './drain/drain-story.ts';
import { readExamples } from './examples.ts';
import { NOT_PROVEN, runWithoutCluster } from './no-cluster.ts';
import { findFaults, type Outcome } from './outcome.ts';
import { reportLines } from './report.ts';
import { Stopwatch } from './stopwatch.ts';

const HELP = `npm run demo: runs the whole operator on this machine, with a simulated node

It starts an API server, installs the chart, starts the services as processes and applies
docs/examples/first-policies.yaml. Then it prints and checks the result.

  -- --drain        change the number of VFs while a pod has one of them, and show how its node is drained
  -- --keep         keep everything running, so that you can use kubectl
  -- --world FILE   simulate another node; see tools/worlds
  -- --no-cluster   run the same planners and drivers in one process, without an API server
  -- --help

Exit codes: 0 the result is what the examples ask for, 1 it is not, or a program is missing, 2 wrong use.
`;

/** The exit code that a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130;
const DEFAULT_WORLD = join(import.meta.dirname, '../../worlds/demo.yaml');

interface Flags {
  readonly keep: boolean;
  readonly world: string;
  readonly noCluster: boolean;
  readonly drain: boolean;
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
      drain: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.keep && values['no-cluster']) {
    throw new Error(
      "Options '--keep' and '--no-cluster' exclude each other: without a cluster nothing is left to keep running",
    );
  }
  if (values.drain && values['no-cluster']) {
    throw new Error("Options '--drain' and '--no-cluster' exclude each other: without a cluster nobody drains");
  }
  if (values.help) return undefined;
  return { keep: values.keep, world: values.world, noCluster: values['no-cluster'], drain: values.drain };
}

/** Prints the result. Returns whether it is as the examples ask. */
function conclude(outcome: Outcome): boolean {
  for (const line of reportLines(outcome)) say(line);
  const faults = findFaults(outcome);
  for (const fault of faults) say(`WRONG: ${fault}`);
  if (faults.length === 0) say('Everything is as the examples ask.');
  return faults.length === 0;
}

async function run({ keep, world, noCluster, drain }: Flags): Promise<number> {
  // A world that cannot be used has to fail now, not after minutes.
  loadWorld(world);
  const examples = await readExamples();
  const stopwatch = new Stopwatch(say);
  if (noCluster) {
    const isWell = conclude(await runWithoutCluster(world, examples, stopwatch));
    for (const line of ['', ...NOT_PROVEN]) say(line);
    return isWell ? 0 : 1;
  }
  return runWithCluster({ world, examples, stopwatch, say }, { keep, drain });
}

async function runWithCluster(
  options: ClusterOptions,
  { keep, drain }: Pick<Flags, 'keep' | 'drain'>,
): Promise<number> {
  const cluster = await DemoCluster.start(options);
  // Until here a signal ends the process at once, and the supervisors clean up. From here on everything stops in order.
  const interrupted = Promise.race([untilSignal('SIGINT'), untilSignal('SIGTERM')]);
  // The supervisors do not keep this process alive, so a timer does.
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    const broken = Promise.race([cluster.services.failed, cluster.plane.failed.then((error) => Promise.reject(error))]);
    const isWell = await Promise.race([showAll(cluster, drain), interrupted, broken]);
    if (typeof isWell === 'string') return INTERRUPTED;
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

/** Returns whether all is as it should be. */
async function showAll(cluster: DemoCluster, drain: boolean): Promise<boolean> {
  const isWell = conclude(await cluster.applyExamples());
  if (!isWell || !drain) return isWell;
  const faults = findDrainFaults(await showDrain(cluster, say));
  for (const fault of faults) say(`WRONG: ${fault}`);
  if (faults.length === 0) say('The node was drained, changed and given back.');
  return faults.length === 0;
}

/** Faults of the machine. Every other error is a bug. */
const EXPECTED = [NoControlPlaneError, ControlPlaneError, NoToolError, ChartError, DemoError];

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

function untilSignal(signal: NodeJS.Signals): Promise<NodeJS.Signals> {
  return new Promise((resolve) => process.once(signal, () => resolve(signal)));
}

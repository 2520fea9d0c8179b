import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runTool } from '@sriov/control-plane';
import { bundlePrograms } from './programs.ts';
import { Report } from './report.ts';
import { runScenario, type Scenario } from './scenario.ts';
import { contract } from './scenarios/contract.ts';
import { figures } from './scenarios/figures.ts';
import { oddHosts } from './scenarios/odd-hosts.ts';
import { simulators } from './scenarios/simulators.ts';
import { outage, reboots, wholePath } from './scenarios/whole-path/index.ts';
import { CannotRunError } from './supplies/release.ts';
import { getSupplies } from './supplies/supplies.ts';

/**
 * The order of the scenarios. The figures come first, because the machine must have nothing else to do. Then lanes run
 * side by side, because guests sleep in their drivers much of the time.
 */
const ROUNDS: readonly (readonly (readonly Scenario[])[])[] = [
  [[figures]],
  [[contract, simulators], [wholePath], [oddHosts, reboots], [outage]],
];
const NAMES = ROUNDS.flat(2).map(({ name }) => name);

const HELP = `npm run test:vm: tests the node side on a real Linux kernel with emulated SR-IOV NICs

  --only NAME   run only this scenario; may be repeated. Scenarios: ${NAMES.join(', ')}
  --help

Exit codes: 0 everything passed, or this machine cannot run the tests (it prints the reason); 1 something failed; 2 wrong flags.
`;

const begin = Date.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const tell = (line: string): void => say(`${((Date.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${line}`);

/** Names of the scenarios to run. @throws Error that says what is wrong with the arguments */
function readFlags(args: readonly string[]): readonly string[] | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', multiple: true }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const unknown = (values.only ?? []).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`there is no scenario ${unknown}`);
  return values.help ? undefined : (values.only ?? NAMES);
}

async function runAll(only: readonly string[], report: Report): Promise<void> {
  const supplies = await getSupplies(tell);
  tell(`QEMU ${supplies.qemu.version}, Linux ${supplies.kernelRelease}, Node.js ${process.version}`);
  const folder = mkdtempSync(join(tmpdir(), 'sriov-vm-programs-'));
  try {
    const programs = await bundlePrograms(folder);
    const runLane = async (lane: readonly Scenario[]): Promise<void> => {
      for (const scenario of lane.filter(({ name }) => only.includes(name))) {
        await runScenario(scenario, { supplies, programs, section: report.section(scenario.name) });
      }
    };
    for (const lanes of ROUNDS) await Promise.all(lanes.map(runLane));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runTool({
  help: HELP,
  readFlags,
  async run(only) {
    const report = new Report(tell);
    try {
      await runAll(only, report);
    } catch (error) {
      if (!(error instanceof CannotRunError)) throw error;
      say(`skipped, because this machine cannot run it: ${error.message}`);
    }
    say(`vm: ${report.passed} passed, ${report.failed} failed`);
    return report.failed > 0 ? 1 : 0;
  },
  exitCodeOf: () => undefined,
});

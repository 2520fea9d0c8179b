import { parseArgs } from 'node:util';
import { NoControlPlaneError, runTool } from '@sriov/control-plane';
import { CannotRunError, Report } from '@sriov/vm';
import { runScenario, type Scenario } from './scenario.ts';
import { devices, stream } from './scenarios/devices/index.ts';
import { pods } from './scenarios/pods.ts';
import { getNodeSupplies } from './supplies/node-supplies.ts';

/** The order of the scenarios. */
const SCENARIOS: readonly Scenario[] = [pods, devices, stream];
const NAMES = SCENARIOS.map(({ name }) => name);

const HELP = `npm run test:node: tests on a real Kubernetes node, in a virtual machine with emulated SR-IOV NICs

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
  const supplies = await getNodeSupplies(tell);
  tell(`QEMU ${supplies.vm.qemu.version}, Linux ${supplies.vm.kernelRelease}`);
  for (const scenario of SCENARIOS.filter(({ name }) => only.includes(name))) {
    await runScenario(scenario, supplies, report.section(scenario.name));
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
      if (!(error instanceof CannotRunError || error instanceof NoControlPlaneError)) throw error;
      say(`skipped, because this machine cannot run it: ${error.message}`);
    }
    say(`node: ${report.passed} passed, ${report.failed} failed`);
    return report.failed > 0 ? 1 : 0;
  },
  exitCodeOf: () => undefined,
});

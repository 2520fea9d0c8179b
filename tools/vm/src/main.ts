import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundlePrograms } from './programs.ts';
import { type Report } from './report.ts';
import { runLane } from './run-lane.ts';
import { runScenario, type Scenario } from './scenario.ts';
import { contract } from './scenarios/contract.ts';
import { figures } from './scenarios/figures.ts';
import { kernelArguments } from './scenarios/kernel-arguments.ts';
import { oddHosts } from './scenarios/odd-hosts.ts';
import { simulators } from './scenarios/simulators.ts';
import { outage, reboots, wholePath } from './scenarios/whole-path/index.ts';
import { getSupplies } from './supplies/supplies.ts';

/**
 * The order of the scenarios. The figures come first, because the machine must have nothing else to do. Then lanes run
 * side by side, because guests sleep in their drivers much of the time.
 */
const ROUNDS: readonly (readonly (readonly Scenario[])[])[] = [
  [[figures]],
  [[contract, simulators], [wholePath], [oddHosts, reboots], [outage, kernelArguments]],
];

async function runAll(only: readonly string[], report: Report, tell: (line: string) => void): Promise<void> {
  const supplies = await getSupplies(tell);
  tell(`QEMU ${supplies.qemu.version}, Linux ${supplies.kernelRelease}, Node.js ${process.version}`);
  const folder = mkdtempSync(join(tmpdir(), 'sriov-vm-programs-'));
  try {
    const programs = await bundlePrograms(folder);
    const runInTurn = async (lane: readonly Scenario[]): Promise<void> => {
      for (const scenario of lane.filter(({ name }) => only.includes(name))) {
        await runScenario(scenario, { supplies, programs, section: report.section(scenario.name) });
      }
    };
    for (const lanes of ROUNDS) await Promise.all(lanes.map(runInTurn));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runLane({
  name: 'vm',
  about: 'tests the node side on a real Linux kernel with emulated SR-IOV NICs',
  scenarios: ROUNDS.flat(2).map(({ name }) => name),
  run: runAll,
});

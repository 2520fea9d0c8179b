import { type Report, runLane } from '@sriov/vm';
import { runScenarios, type Scenario } from './scenario.ts';
import { devices, reboot, stream } from './scenarios/devices/index.ts';
import { pods } from './scenarios/pods.ts';
import { getNodeSupplies } from './supplies/node-supplies.ts';

/** The order of the scenarios. */
const SCENARIOS: readonly Scenario[] = [pods, devices, stream, reboot];

async function runAll(only: readonly string[], report: Report, tell: (line: string) => void): Promise<void> {
  const supplies = await getNodeSupplies(tell);
  tell(`QEMU ${supplies.vm.qemu.version}, Linux ${supplies.vm.kernelRelease}`);
  const scenarios = SCENARIOS.filter(({ name }) => only.includes(name));
  await runScenarios(scenarios, supplies, report);
}

await runLane({
  name: 'node',
  about: 'tests on a real Kubernetes node, in a virtual machine with emulated SR-IOV NICs',
  scenarios: SCENARIOS.map(({ name }) => name),
  run: runAll,
});

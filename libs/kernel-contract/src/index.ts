import { type Kernel } from '@sriov/host';
import { bindingCases } from './binding.ts';
import { deviceCases } from './devices.ts';
import { eventCases } from './events.ts';
import { holdingCases } from './holding.ts';
import { Bench, type ContractCase, type Lab } from './lab.ts';
import { linkCases } from './links.ts';
import { numVfsCases } from './num-vfs.ts';
import { socketCases } from './sockets.ts';

export { type ContractCase, type Lab } from './lab.ts';

/**
 * What the drivers rely on, statement by statement. Every implementation of the kernel port passes it: the simulated
 * one in its own tests, the real one on a real kernel in the VM lane.
 */
export const CONTRACT: readonly ContractCase[] = [
  ...numVfsCases,
  ...bindingCases,
  ...linkCases,
  ...holdingCases,
  ...deviceCases,
  ...eventCases,
  ...socketCases,
];

/** Tries one case, and puts the PF back before and after it. Rejects when the statement does not hold. */
export async function tryCase(contractCase: ContractCase, kernel: Kernel, lab: Lab): Promise<void> {
  const bench = new Bench(kernel, lab);
  await bench.reset();
  try {
    await contractCase.run(bench);
  } finally {
    await bench.reset();
  }
}

import { describe, expect, it } from '@jest/globals';
import { observeHost } from '@sriov/host';
import { SimulatedKernel } from './simulated-kernel.ts';
import { parseWorld } from './world.ts';

const PF = '0000:5e:00.0';
const clock = { now: () => 0, sleep: () => Promise.resolve() };

/** Commands that a look at a host takes whose card has so many VFs, all with a driver. */
async function commandsFor(numVfs: number): Promise<string[]> {
  const card = { model: 'mlx5', address: PF, name: 'ens2', mac: 'b8:59:9f:00:00:10', totalVfs: 16 };
  const world = parseWorld({ latency: 'none', modules: ['mlx5_core'], nics: [card] });
  const kernel = new SimulatedKernel({ world, clock });
  await kernel.write(`/sys/bus/pci/devices/${PF}/sriov_numvfs`, String(numVfs));
  const commands: string[] = [];
  const exec = kernel.exec.bind(kernel);
  kernel.exec = (command, args, options) => {
    commands.push([command, ...args].join(' '));
    return exec(command, args, options);
  };
  const { interfaces } = await observeHost(kernel);
  expect(interfaces[0]?.sriov?.vfs.map(({ driver }) => driver)).toEqual(Array<string>(numVfs).fill('mlx5_core'));
  return commands;
}

describe('a look at the host', () => {
  it('runs no command for a VF', async () => {
    expect(await commandsFor(16)).toEqual(await commandsFor(0));
  });
});

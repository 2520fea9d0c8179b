import { describe, expect, it } from '@jest/globals';
import { type Kernel, observeHost } from '@sriov/host';
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

/** How many calls of the host an idle look takes in all, with so many VFs on each PF. */
async function callsWith(numVfs: number): Promise<number> {
  const cards = Array.from({ length: PFS }, (_, index) => ({
    ...{ model: 'mlx5', address: `0000:8${index}:00.0`, bridge: `0000:7${index}:00.0`, name: `ens${index}` },
    ...{ mac: `b8:59:9f:00:00:1${index}`, totalVfs: numVfs },
  }));
  const world = parseWorld({ latency: 'none', modules: ['mlx5_core'], nics: cards });
  const kernel = new SimulatedKernel({ world, clock });
  for (const { address } of cards) await kernel.write(`/sys/bus/pci/devices/${address}/sriov_numvfs`, String(numVfs));
  let calls = 0;
  const counted = new Proxy<Kernel>(kernel, {
    get: (_, verb) => {
      calls += 1;
      const method: unknown = Reflect.get(kernel, verb);
      const bound: unknown = typeof method === 'function' ? method.bind(kernel) : method;
      return bound;
    },
  });
  const { interfaces } = await observeHost(counted, { rdmaConfig: 'own' });
  expect(interfaces.map(({ sriov }) => sriov?.vfs.length)).toEqual(Array<number>(PFS).fill(numVfs));
  return calls;
}

/** Few, because the simulator takes long for many: with 8 PFs the calls are as many per VF. */
const PFS = 2;

describe('a look at the host', () => {
  it('runs no command for a VF', async () => {
    expect(await commandsFor(16)).toEqual(await commandsFor(0));
  });

  it('makes 7 calls for each VF', async () => {
    expect(((await callsWith(32)) - (await callsWith(16))) / (PFS * 16)).toBe(7);
  });

  it.each([16, 128])('with %i VFs per PF makes at most 7 calls per VF, 14 per PF, and 9 others', async (numVfs) => {
    expect(await callsWith(numVfs)).toBeLessThanOrEqual(9 + PFS * (14 + 7 * numVfs));
  });
});

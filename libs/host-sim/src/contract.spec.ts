import { join } from 'node:path';
import { beforeAll, describe, it } from '@jest/globals';
import { CONTRACT, type Lab, tryCase } from '@sriov/kernel-contract';
import { SimulatedKernel } from './simulated-kernel.ts';
import { loadWorld } from './world.ts';

let kernel: SimulatedKernel;
let lab: Lab;

beforeAll(() => {
  const world = loadWorld(join(import.meta.dirname, '../../../tools/worlds/igb-two-ports.yaml'));
  const clock = {
    now: () => Date.now(),
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
  kernel = new SimulatedKernel({ world: { ...world, latency: 'none' }, clock });
  lab = {
    pf: {
      address: '0000:01:00.0',
      driver: 'igb',
      name: 'eth1',
      totalVfs: 7,
      vfDriver: 'igbvf',
      vfIds: '8086 10ca',
      maxMtu: 9216,
    },
    holdVfio: (address) => {
      const release = kernel.holdVfio(address);
      return Promise.resolve(() => {
        release();
        return Promise.resolve();
      });
    },
    runPod: () => {
      const end = kernel.users.run({ name: 'web' });
      return Promise.resolve(() => {
        end();
        return Promise.resolve();
      });
    },
  };
});

describe('the simulated kernel keeps the contract:', () => {
  it.each(CONTRACT.map((contractCase) => [contractCase.name, contractCase] as const))('%s', async (_, contractCase) => {
    await tryCase(contractCase, kernel, lab);
  });
});

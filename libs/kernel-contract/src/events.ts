import assert from 'node:assert/strict';
import { type KernelEvent } from '@sriov/host';
import { type Bench, type ContractCase } from './lab.ts';

/** Changes that are made at most until one is reported. */
const ATTEMPTS = 40;

/** What the kernel tells of by itself. */
export const eventCases: readonly ContractCase[] = [
  {
    name: 'the kernel reports a driver that somebody takes from a VF or gives to it, whatever the driver',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const vf = await bench.vf(0);
      await bench.override(vf, 'vfio-pci');
      await bench.probe(vf);
      await expectEvent(bench, 'device', async () => {
        if ((await bench.driverOf(vf)) === 'vfio-pci') await bench.unbind('vfio-pci', vf);
        else await bench.probe(vf);
      });
    },
  },
  {
    name: 'the kernel reports another MTU of an interface, and that it goes up and down',
    run: async (bench) => {
      let mtu = 1500;
      await expectEvent(bench, 'link', async () => {
        mtu = mtu === 1500 ? 1600 : 1500;
        await bench.ip('link', 'set', 'dev', bench.lab.pf.name, 'mtu', String(mtu));
      });
    },
  },
  {
    name: 'the host reports that a pod is gone',
    run: async (bench) => {
      // Each attempt ends a pod that was there before somebody listened.
      const pods = await Promise.all(Array.from({ length: ATTEMPTS }, () => bench.lab.runPod()));
      await expectEvent(bench, 'pod', async () => pods.pop()?.());
      for (const end of pods) await end();
    },
  },
];

/** Makes changes of the same kind until one is reported: nobody knows when the listener has begun to listen. */
async function expectEvent(bench: Bench, source: KernelEvent['kind'], change: () => Promise<unknown>): Promise<void> {
  const stop = new AbortController();
  let told = 0;
  // The first words of a source may be about itself.
  let isListening = false;
  const watching = bench.kernel.watch(source, () => (told += isListening ? 1 : 0), stop.signal);
  try {
    for (let attempt = 0; attempt < ATTEMPTS && told === 0; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, attempt === 0 ? 500 : 250));
      isListening = true;
      await change();
      await new Promise(setImmediate);
    }
  } finally {
    stop.abort();
    await watching;
  }
  assert.ok(told > 0, `no event of a ${source} came`);
}

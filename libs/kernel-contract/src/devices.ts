import assert from 'node:assert/strict';
import { observeDevices, readDeviceNodes } from '@sriov/host';
import { holdFirstOf, needsHolder, removeHeldVfs } from './held-vf.ts';
import { type Bench, type ContractCase } from './lab.ts';

type Device = Awaited<ReturnType<typeof observeDevices>>['devices'][number];

/** The VFs of the PF as a device plugin sees them, by index. */
async function observeVfs(bench: Bench): Promise<Device[]> {
  const { devices, problems } = await observeDevices(bench.kernel);
  assert.deepEqual(problems, []);
  const own = devices.filter(({ parent }) => parent?.pciAddress === bench.lab.pf.address);
  return own.sort((a, b) => (a.parent?.index ?? -1) - (b.parent?.index ?? -1));
}

/** What a device plugin sees of devices. */
export const deviceCases: readonly ContractCase[] = [
  {
    name: 'modalias tells vendor, device and class as their own files do, of the PF and of a VF',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      for (const address of [bench.lab.pf.address, await bench.vf(0)]) {
        const read = async (name: string): Promise<string> =>
          (await bench.kernel.read(`/sys/bus/pci/devices/${address}/${name}`)).trim().replace(/^0x/, '');
        const [vendor, device, deviceClass] = [await read('vendor'), await read('device'), await read('class')];
        const modalias = (await read('modalias')).toLowerCase();
        assert.ok(modalias.startsWith(`pci:v0000${vendor}d0000${device}sv`), modalias);
        assert.ok(modalias.includes(`bc${deviceClass.slice(0, 2)}sc${deviceClass.slice(2, 4)}i`), modalias);
      }
    },
  },
  {
    name: 'VFs are devices with their driver, their PF and their index on it, and the PF is one with VFs',
    run: async (bench) => {
      const { address, driver, name, vfDriver, vfIds } = bench.lab.pf;
      await bench.ip('link', 'set', 'dev', name, 'up');
      await bench.numVfs('2');
      const vfs = await observeVfs(bench);
      assert.deepEqual(
        vfs.map(({ id, driver: own, parent, linkType, hostUses }) => ({ id, own, parent, linkType, hostUses })),
        await Promise.all(
          [0, 1].map(async (index) => ({
            id: await bench.vf(index),
            own: vfDriver,
            parent: { pciAddress: address, name, index, isUp: true },
            linkType: 'ether',
            hostUses: [],
          })),
        ),
      );
      assert.equal(`${vfs[0]?.vendor} ${vfs[0]?.deviceId}`, vfIds);
      const pf = (await observeDevices(bench.kernel)).devices.find(({ id }) => id === address);
      assert.deepEqual([pf?.driver, pf?.numVfs, pf?.linkType, pf?.parent], [driver, 2, 'ether', undefined]);
    },
  },
  {
    name: 'a VF without a driver and without an interface has the link type of its PF, and no driver',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const [vf] = await observeVfs(bench);
      assert.deepEqual([vf?.driver, vf?.linkType, vf?.parent?.isUp], [undefined, 'ether', false]);
    },
  },
  {
    name: 'a VF on vfio-pci has the files of its group, and another VF has none',
    run: async (bench) => {
      await bench.makeBareVfs(2);
      const [first, second] = [await bench.vf(0), await bench.vf(1)];
      await bench.override(first, 'vfio-pci');
      await bench.probe(first);
      await bench.override(second, bench.lab.pf.vfDriver);
      await bench.probe(second);
      const nodesOf = (id: string): ReturnType<typeof readDeviceNodes> =>
        readDeviceNodes(bench.kernel, { id, pciAddress: id });
      const { vfio, rdma, uio, vhostVdpa } = await nodesOf(first);
      assert.deepEqual([vfio?.isNoIommu, rdma, uio, vhostVdpa], [false, [], undefined, undefined]);
      assert.ok((await bench.kernel.list('/dev/vfio')).includes(vfio?.group ?? ''), `group ${vfio?.group}`);
      assert.equal((await nodesOf(second)).vfio, undefined);
    },
  },
  {
    name: 'a VF that a program holds while it is taken away is no device any more, and nothing waits for the lock',
    skip: needsHolder,
    run: async (bench) => {
      const { address, release } = await holdFirstOf(bench, 1);
      const removal = await removeHeldVfs(bench);
      try {
        const { devices, problems } = await observeDevices(bench.kernel);
        assert.deepEqual(problems, []);
        assert.ok(!devices.some(({ id }) => id === address));
        assert.ok((await bench.kernel.list('/sys/bus/pci/devices')).includes(address));
      } finally {
        await release();
        await removal.released;
      }
    },
  },
];

import assert from 'node:assert/strict';
import { blocked, holdFirstOf, needsHolder, removeHeldVfs } from './held-vf.ts';
import { type ContractCase } from './lab.ts';

/** What happens while a program has a VF open through VFIO. */
export const holdingCases: readonly ContractCase[] = [
  {
    name: 'taking VFs away waits for whoever holds one, and goes on by itself',
    skip: needsHolder,
    run: async (bench) => {
      const { address, release } = await holdFirstOf(bench, 2);
      const removal = await removeHeldVfs(bench);
      // Reading waits for the same lock of the device.
      const reading = await blocked(
        bench.kernel.read(bench.pf('sriov_numvfs'), { deadlineMs: 300 }),
        'the read came back although the device is locked',
      );
      // The VF stands there as long as it is held, and is no longer its PF's.
      const names = await bench.kernel.list(`/sys/bus/pci/devices/${address}`);
      assert.deepEqual([names.includes('physfn'), names.includes('sriov_vf_msix_count')], [false, true]);
      assert.ok(!(await bench.kernel.list(bench.pf(''))).includes('virtfn0'));
      // What needs no lock is still told.
      assert.equal((await bench.kernel.read(bench.pf('sriov_totalvfs'))).trim(), String(bench.lab.pf.totalVfs));
      await release();
      await Promise.all([removal.released, reading.released]);
      assert.equal(await bench.kernel.read(bench.pf('sriov_numvfs')), '0\n');
    },
  },
  {
    name: 'unbinding a VF waits for whoever holds it',
    skip: needsHolder,
    run: async (bench) => {
      const { address, release } = await holdFirstOf(bench, 1);
      const unbinding = await blocked(
        bench.kernel.write('/sys/bus/pci/drivers/vfio-pci/unbind', address, { deadlineMs: 300 }),
        'the write came back although a program holds the VF',
      );
      await release();
      await unbinding.released;
      assert.equal(await bench.driverOf(address), undefined);
    },
  },
];

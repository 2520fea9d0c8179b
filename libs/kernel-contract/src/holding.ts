import assert from 'node:assert/strict';
import { KernelBlockedError } from '@sriov/host';
import { type ContractCase } from './lab.ts';

const skip: ContractCase['skip'] = ({ holdVfio }) => (holdVfio ? undefined : 'no program can hold a VF here');

/** What happens while a program has a VF open through VFIO. */
export const holdingCases: readonly ContractCase[] = [
  {
    name: 'taking VFs away waits for whoever holds one, and goes on by itself',
    skip,
    run: async (bench) => {
      await bench.makeBareVfs(2);
      const vf = await bench.vf(0);
      await bench.override(vf, 'vfio-pci');
      await bench.probe(vf);
      const release = await bench.lab.holdVfio?.(vf);
      const removal = bench.kernel.write(bench.pf('sriov_numvfs'), '0', { deadlineMs: 300 });
      const failure = await removal.then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(failure instanceof KernelBlockedError, 'the write came back although a program holds the VF');
      // Reading waits for the same lock of the device.
      const reading = await bench.kernel.read(bench.pf('sriov_numvfs'), { deadlineMs: 300 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(reading instanceof KernelBlockedError, 'the read came back although the device is locked');
      // The VF stands there as long as it is held, and is no longer its PF's.
      const names = await bench.kernel.list(`/sys/bus/pci/devices/${vf}`);
      assert.deepEqual([names.includes('physfn'), names.includes('sriov_vf_msix_count')], [false, true]);
      assert.ok(!(await bench.kernel.list(bench.pf(''))).includes('virtfn0'));
      // What needs no lock is still told.
      assert.equal((await bench.kernel.read(bench.pf('sriov_totalvfs'))).trim(), String(bench.lab.pf.totalVfs));
      await release?.();
      await Promise.all([failure.released, reading.released]);
      assert.equal(await bench.kernel.read(bench.pf('sriov_numvfs')), '0\n');
    },
  },
  {
    name: 'unbinding a VF waits for whoever holds it',
    skip,
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const vf = await bench.vf(0);
      await bench.override(vf, 'vfio-pci');
      await bench.probe(vf);
      const release = await bench.lab.holdVfio?.(vf);
      const path = '/sys/bus/pci/drivers/vfio-pci/unbind';
      const failure = await bench.kernel.write(path, vf, { deadlineMs: 300 }).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(failure instanceof KernelBlockedError);
      await release?.();
      await failure.released;
      assert.equal(await bench.driverOf(vf), undefined);
    },
  },
];

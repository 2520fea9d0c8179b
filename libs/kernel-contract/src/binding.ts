import assert from 'node:assert/strict';
import { type ContractCase } from './lab.ts';

/** How drivers come to VFs, and how the kernel is silent when they do not. */
export const bindingCases: readonly ContractCase[] = [
  {
    name: 'with autoprobe on, each VF has its kernel driver when the write of sriov_numvfs returns',
    run: async (bench) => {
      await bench.autoprobe('1');
      await bench.numVfs('2');
      for (const index of [0, 1]) assert.equal(await bench.driverOf(await bench.vf(index)), bench.lab.pf.vfDriver);
    },
  },
  {
    name: 'with autoprobe off, a VF without driver_override cannot be bound in any way',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const vf = await bench.vf(0);
      assert.equal(await bench.driverOf(vf), undefined);
      await assert.rejects(bench.bind(bench.lab.pf.vfDriver, vf), { code: 'ENODEV' });
      await assert.rejects(bench.bind('vfio-pci', vf), { code: 'ENODEV' });
      await bench.probe(vf);
      assert.equal(await bench.driverOf(vf), undefined);
    },
  },
  {
    name: 'with autoprobe off, driver_override and drivers_probe bind the driver that is named',
    run: async (bench) => {
      await bench.makeBareVfs(2);
      const [first, second] = [await bench.vf(0), await bench.vf(1)];
      await bench.override(first, 'vfio-pci');
      await bench.probe(first);
      await bench.override(second, bench.lab.pf.vfDriver);
      await bench.probe(second);
      assert.equal(await bench.driverOf(first), 'vfio-pci');
      assert.equal(await bench.driverOf(second), bench.lab.pf.vfDriver);
    },
  },
  {
    name: 'drivers_probe succeeds and binds nothing when the named driver does not exist',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const vf = await bench.vf(0);
      await bench.override(vf, 'no-such-driver');
      await bench.probe(vf);
      assert.equal(await bench.driverOf(vf), undefined);
    },
  },
  {
    name: 'drivers_probe leaves a bound VF as it is, and refuses an address that does not exist (ENODEV)',
    run: async (bench) => {
      await bench.numVfs('1');
      const vf = await bench.vf(0);
      await bench.override(vf, 'vfio-pci');
      await bench.probe(vf);
      assert.equal(await bench.driverOf(vf), bench.lab.pf.vfDriver);
      await assert.rejects(bench.probe('0000:ff:1f.7'), { code: 'ENODEV' });
    },
  },
  {
    name: 'bind refuses a bound VF (EBUSY) and what does not fit (ENODEV)',
    run: async (bench) => {
      await bench.numVfs('1');
      const vf = await bench.vf(0);
      await assert.rejects(bench.bind(bench.lab.pf.vfDriver, vf), { code: 'EBUSY' });
      await assert.rejects(bench.bind('vfio-pci', vf), { code: 'ENODEV' });
      await assert.rejects(bench.bind('vfio-pci', 'garbage'), { code: 'ENODEV' });
    },
  },
  {
    name: 'unbind refuses a device of another driver (ENODEV)',
    run: async (bench) => {
      await bench.numVfs('1');
      await assert.rejects(bench.unbind('vfio-pci', await bench.vf(0)), { code: 'ENODEV' });
    },
  },
  {
    name: 'new_id twice is EEXIST, remove_id of what is not there ENODEV',
    run: async (bench) => {
      const driver = '/sys/bus/pci/drivers/vfio-pci';
      const { vfIds } = bench.lab.pf;
      await bench.kernel.write(`${driver}/new_id`, vfIds);
      try {
        await assert.rejects(bench.kernel.write(`${driver}/new_id`, vfIds), { code: 'EEXIST' });
      } finally {
        await bench.kernel.write(`${driver}/remove_id`, vfIds);
      }
      await assert.rejects(bench.kernel.write(`${driver}/remove_id`, vfIds), { code: 'ENODEV' });
    },
  },
  {
    name: 'driver_override reads "(null)" when it is clear, takes any name, and is cleared by a line feed',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const vf = await bench.vf(0);
      const read = (): Promise<string> => bench.kernel.read(`/sys/bus/pci/devices/${vf}/driver_override`);
      assert.equal(await read(), '(null)\n');
      await bench.override(vf, 'anything');
      assert.equal(await read(), 'anything\n');
      await bench.override(vf, '\n');
      assert.equal(await read(), '(null)\n');
    },
  },
  {
    name: 'sriov_drivers_autoprobe takes y, and refuses 2 (EINVAL)',
    run: async (bench) => {
      await bench.autoprobe('y');
      assert.equal(await bench.kernel.read(bench.pf('sriov_drivers_autoprobe')), '1\n');
      await assert.rejects(bench.autoprobe('2'), { code: 'EINVAL' });
    },
  },
  {
    name: 'each VF on vfio-pci has an IOMMU group and a device node for it',
    run: async (bench) => {
      await bench.makeBareVfs(2);
      const vf = await bench.vf(1);
      await bench.override(vf, 'vfio-pci');
      await bench.probe(vf);
      const group = (await bench.kernel.readlink(`/sys/bus/pci/devices/${vf}/iommu_group`)).split('/').at(-1) ?? '';
      assert.deepEqual(await bench.kernel.list(`/sys/kernel/iommu_groups/${group}/devices`), [vf]);
      assert.ok((await bench.kernel.list('/dev/vfio')).includes(group));
    },
  },
  {
    name: 'a number of vectors cannot be set where the driver has no such operation (ENOTSUP)',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const path = `/sys/bus/pci/devices/${await bench.vf(0)}/sriov_vf_msix_count`;
      await assert.rejects(bench.kernel.write(path, '1'), { code: 'ENOTSUP' });
    },
  },
];

import assert from 'node:assert/strict';
import { type ContractCase } from './lab.ts';

/** What `sriov_numvfs` takes and refuses (drivers/pci/iov.c). */
export const numVfsCases: readonly ContractCase[] = [
  {
    name: 'more VFs than sriov_totalvfs are ERANGE',
    run: async (bench) => {
      assert.equal((await bench.kernel.read(bench.pf('sriov_totalvfs'))).trim(), String(bench.lab.pf.totalVfs));
      await assert.rejects(bench.numVfs(String(bench.lab.pf.totalVfs + 1)), { code: 'ERANGE' });
    },
  },
  ...['-1', 'abc', ' 3', '65536'].map((text): ContractCase => ({
    name: `${JSON.stringify(text)} as the number of VFs is EINVAL`,
    run: (bench) => assert.rejects(bench.numVfs(text), { code: 'EINVAL' }),
  })),
  ...['3', '3\n', '0x3'].map((text): ContractCase => ({
    name: `${JSON.stringify(text)} makes three VFs`,
    run: async (bench) => {
      await bench.numVfs(text);
      assert.equal(await bench.kernel.read(bench.pf('sriov_numvfs')), '3\n');
    },
  })),
  {
    name: 'another number of VFs is EBUSY until there are none',
    run: async (bench) => {
      await bench.makeBareVfs(3);
      await assert.rejects(bench.numVfs('2'), { code: 'EBUSY' });
      await assert.rejects(bench.numVfs('4'), { code: 'EBUSY' });
      await bench.numVfs('0');
      await bench.numVfs('2');
    },
  },
  {
    name: 'the number that is there already changes nothing',
    run: async (bench) => {
      await bench.numVfs('0');
      await bench.makeBareVfs(2);
      const before = await bench.vf(1);
      await bench.numVfs('2');
      assert.equal(await bench.vf(1), before);
    },
  },
  {
    name: 'when the write returns all VFs are there, and no more',
    run: async (bench) => {
      await bench.makeBareVfs(3);
      const links = (await bench.kernel.list(bench.pf(''))).filter((name) => name.startsWith('virtfn'));
      assert.deepEqual(links, ['virtfn0', 'virtfn1', 'virtfn2']);
      for (const index of [0, 1, 2]) {
        const physfn = await bench.kernel.readlink(`/sys/bus/pci/devices/${await bench.vf(index)}/physfn`);
        assert.equal(physfn, `../${bench.lab.pf.address}`);
      }
    },
  },
  {
    name: 'a PF without a driver makes no VFs (ENOENT), and loses those it had with its driver',
    run: async (bench) => {
      const { address, driver, totalVfs } = bench.lab.pf;
      await bench.makeBareVfs(2);
      await bench.unbind(driver, address);
      assert.equal(await bench.kernel.read(bench.pf('sriov_numvfs')), '0\n');
      await assert.rejects(bench.numVfs('2'), { code: 'ENOENT' });
      await bench.bind(driver, address);
      assert.equal(await bench.kernel.read(bench.pf('sriov_numvfs')), '0\n');
      assert.equal(await bench.kernel.read(bench.pf('sriov_totalvfs')), `${totalVfs}\n`);
    },
  },
  {
    name: 'attributes that cannot be written are EACCES, names that do not exist ENOENT',
    run: async (bench) => {
      await assert.rejects(bench.kernel.write(bench.pf('sriov_totalvfs'), '1'), { code: 'EACCES' });
      await assert.rejects(bench.kernel.write(bench.pf('no_such_attribute'), '1'), { code: 'ENOENT' });
    },
  },
];

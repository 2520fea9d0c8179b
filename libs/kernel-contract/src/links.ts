import assert from 'node:assert/strict';
import { type Bench, type ContractCase } from './lab.ts';

const MAC = '02:11:22:33:44:55';

/** MAC address of the first VF's interface. */
const addressOf = async (bench: Bench): Promise<string> => {
  const [name] = await bench.kernel.list(`/sys/bus/pci/devices/${await bench.vf(0)}/net`);
  return (await bench.kernel.read(`/sys/class/net/${name}/address`)).trim();
};
/** Prescribes {@link MAC} for the first VF. */
const prescribe = async (bench: Bench): Promise<void> => {
  const { exitCode } = await bench.ip('link', 'set', 'dev', bench.lab.pf.name, 'vf', '0', 'mac', MAC);
  assert.equal(exitCode, 0);
};
/** Binds the first VF's driver again. */
const rebind = async (bench: Bench): Promise<void> => {
  const vf = await bench.vf(0);
  await bench.unbind(bench.lab.pf.vfDriver, vf);
  await bench.probe(vf);
};

/** Interfaces of PF and VFs, and what the PF prescribes. */
export const linkCases: readonly ContractCase[] = [
  {
    name: 'an interface that is down refuses to tell carrier and speed (EINVAL)',
    run: async (bench) => {
      for (const attribute of ['carrier', 'speed', 'duplex']) {
        await assert.rejects(bench.kernel.read(`/sys/class/net/${bench.lab.pf.name}/${attribute}`), { code: 'EINVAL' });
      }
    },
  },
  {
    name: 'a driver without an eSwitch refuses to tell port names (ENOTSUP) and is unknown to devlink',
    run: async (bench) => {
      const net = `/sys/class/net/${bench.lab.pf.name}`;
      await assert.rejects(bench.kernel.read(`${net}/phys_port_name`), { code: 'ENOTSUP' });
      const device = `pci/${bench.lab.pf.address}`;
      const { exitCode, stderr } = await bench.kernel.exec('devlink', ['dev', 'eswitch', 'show', device]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /No such device/);
    },
  },
  {
    name: 'the MTU goes as far as the device says and no further',
    run: async (bench) => {
      const { name, maxMtu } = bench.lab.pf;
      assert.equal((await bench.link(name))['max_mtu'], maxMtu);
      const refused = await bench.ip('link', 'set', 'dev', name, 'mtu', String(maxMtu + 1));
      assert.notEqual(refused.exitCode, 0);
      assert.match(refused.stderr, /mtu greater than device maximum/);
      const attribute = `/sys/class/net/${name}/mtu`;
      for (const mtu of [maxMtu + 1, 67, 'x']) {
        await assert.rejects(bench.kernel.write(attribute, String(mtu)), { code: 'EINVAL' });
      }
      await bench.kernel.write(attribute, '9000');
      assert.equal(await bench.kernel.read(attribute), '9000\n');
    },
  },
  {
    name: 'a fresh VF has no prescribed MAC address, and spoof checking on',
    run: async (bench) => {
      await bench.makeBareVfs(1);
      const [vf] = (await bench.link(bench.lab.pf.name))['vfinfo_list'] as Record<string, unknown>[];
      assert.equal(vf?.['address'], '00:00:00:00:00:00');
      assert.equal(vf['spoofchk'], true);
      assert.equal(vf['trust'], false);
    },
  },
  {
    name: 'a prescribed MAC address takes effect when the driver is bound next, and not before',
    run: async (bench) => {
      const { name } = bench.lab.pf;
      await bench.ip('link', 'set', 'dev', name, 'up');
      await bench.numVfs('1');
      const before = await addressOf(bench);
      await prescribe(bench);
      assert.equal(await addressOf(bench), before);
      await rebind(bench);
      assert.equal(await addressOf(bench), MAC);
    },
  },
  {
    name: 'a VF whose PF is down hears nothing of a prescribed MAC address until it is bound again with the PF up',
    run: async (bench) => {
      const { name } = bench.lab.pf;
      await bench.numVfs('1');
      await prescribe(bench);
      await rebind(bench);
      assert.notEqual(await addressOf(bench), MAC);
      await bench.ip('link', 'set', 'dev', name, 'up');
      await rebind(bench);
      assert.equal(await addressOf(bench), MAC);
    },
  },
  {
    name: 'a multicast MAC address, and a VF that does not exist, are refused',
    run: async (bench) => {
      const { name } = bench.lab.pf;
      await bench.makeBareVfs(1);
      for (const words of [
        ['0', 'mac', '01:00:5e:00:00:01'],
        ['7', 'mac', MAC],
      ]) {
        const { exitCode, stderr } = await bench.ip('link', 'set', 'dev', name, 'vf', ...words);
        assert.equal(exitCode, 2);
        assert.match(stderr, /Invalid argument/);
      }
    },
  },
  {
    name: 'one process of ip does what many lines say, whatever becomes of the others, and names the line that failed',
    run: async (bench) => {
      const { name } = bench.lab.pf;
      await bench.makeBareVfs(2);
      const prescribeFor = (id: number): string => `link set dev ${name} vf ${id} mac ${MAC.replace(/5$/, String(id))}`;
      const lines = [
        prescribeFor(0),
        `link set dev ${name} vf 7 mac ${MAC}`,
        'link set dev nobody up',
        prescribeFor(1),
      ];
      const input = `${lines.join('\n')}\n`;
      const { exitCode, stderr } = await bench.kernel.exec('ip', ['-force', '-batch', '-'], { input });
      assert.equal(exitCode, 1);
      assert.match(stderr, /^RTNETLINK answers: Invalid argument\nCommand failed -:2\n[^\n]+\nCommand failed -:3\n$/);
      const vfs = (await bench.link(name))['vfinfo_list'] as Record<string, unknown>[];
      assert.deepEqual(
        vfs.map(({ address }) => address),
        ['02:11:22:33:44:50', '02:11:22:33:44:51'],
      );
    },
  },
  {
    name: 'a line that ip cannot read ends it: those before are done, those behind are not',
    run: async (bench) => {
      const { name } = bench.lab.pf;
      await bench.makeBareVfs(1);
      const input = `link set dev ${name} mtu 1400\nlink set dev ${name} mtu many\nlink set dev ${name} mtu 1300\n`;
      const { exitCode } = await bench.kernel.exec('ip', ['-force', '-batch', '-'], { input });
      assert.equal(exitCode, 255);
      assert.equal(await bench.kernel.read(`/sys/class/net/${name}/mtu`), '1400\n');
    },
  },
  {
    name: 'making VFs interrupts the link of a PF that is up, once',
    run: (bench) => expectOneInterruption(bench, () => bench.makeBareVfs(2)),
  },
  {
    name: 'so does another MTU',
    run: (bench) =>
      expectOneInterruption(bench, () => bench.kernel.write(`/sys/class/net/${bench.lab.pf.name}/mtu`, '9000')),
  },
];

/** The link is up, loses its signal once, and has it again. */
async function expectOneInterruption(bench: Bench, event: () => Promise<void>): Promise<void> {
  const { name } = bench.lab.pf;
  await bench.ip('link', 'set', 'dev', name, 'up');
  const changes = async (): Promise<number> =>
    Number(await bench.kernel.read(`/sys/class/net/${name}/carrier_changes`));
  await untilCarrier(bench, name);
  const before = await changes();
  await event();
  await untilCarrier(bench, name);
  assert.equal((await changes()) - before, 2);
}

/** Waits until the kernel sees a signal; gives up after five seconds. */
async function untilCarrier(bench: Bench, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if ((await bench.kernel.read(`/sys/class/net/${name}/carrier`)) === '1\n') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} has no carrier after 5 s`);
}

import { describe, expect, it } from '@jest/globals';
import { TestKernel } from '../test/test-kernel.ts';
import { findInterfaces } from './device-interfaces.ts';
import { HostNetwork } from './host-network.ts';

const LINKS = 'ip -j -d link show';
const PF = '0000:01:00.0';
const NET = `/sys/bus/pci/devices/${PF}/net`;

/** A host whose `ip` lists these interfaces, the next ones at each further dump. */
function host(files: Record<string, string>, ...dumps: object[][]): TestKernel {
  const kernel = new TestKernel({
    files,
    commands: {
      'ip -j addr show': '[{"ifname":"lo"}]',
      'ip -j -4 route show table all': '[]',
      'ip -j -6 route show table all': '[]',
    },
  });
  const exec = kernel.exec.bind(kernel);
  let dump = 0;
  kernel.exec = (command, args, options) => {
    const rows = dumps[Math.min(dump, dumps.length - 1)] ?? [];
    kernel.commands.set(LINKS, JSON.stringify([{ ifname: 'lo' }, ...rows]));
    if ([command, ...args].join(' ') === LINKS) dump += 1;
    return exec(command, args, options);
  };
  return kernel;
}
const find = async (kernel: TestKernel, folders = [NET]): Promise<object> => {
  const { links, uppers, ...rest } = await findInterfaces(
    kernel,
    { pciAddress: PF, folders },
    await HostNetwork.read(kernel),
  );
  return { links: links.map(({ name }) => name), uppers: Object.fromEntries(uppers), ...rest };
};
const ENS1 = { ifname: 'ens1' };
const OF_PF = { parentbus: 'pci', parentdev: PF };

describe('the interfaces of a device', () => {
  it.each<[string, Record<string, string>, object[], object]>([
    ['one that sysfs names', { [`${NET}/ens1/mtu`]: '' }, [ENS1], { links: ['ens1'], uppers: { ens1: [] } }],
    ['one that ip alone assigns to it', {}, [{ ...ENS1, ...OF_PF }], { links: ['ens1'] }],
    [
      'one that both name, once',
      { [`${NET}/ens1/mtu`]: '' },
      [{ ...ENS1, ...OF_PF }],
      { links: ['ens1'], uppers: { ens1: [] } },
    ],
    ['none of another device', {}, [{ ...ENS1, parentbus: 'pci', parentdev: '0000:02:00.0' }], { links: [] }],
    ['one in another network namespace', { [`${NET}/`]: '' }, [], { links: [], isElsewhere: true }],
    [
      'those on top of it',
      {
        [`${NET}/ens1/upper_ovs0`]: '',
        [`${NET}/ens1/upper_br0`]: '',
        [`${NET}/ens1/my_upper_x`]: '',
        [`${NET}/ens1/upper_`]: '',
      },
      [ENS1],
      { links: ['ens1'], uppers: { ens1: ['br0', 'ovs0'] } },
    ],
    ['none when the folder is just going', { [NET]: '[ENODEV]' }, [], { links: [] }],
    [
      'known where ip assigns one to the device, although it does not list the one that sysfs names',
      { [`${NET}/ens1/mtu`]: '' },
      [{ ifname: 'eth7', ...OF_PF }],
      { links: ['eth7'], uppers: { ens1: [] } },
    ],
    [
      'unknown where ip lists none of them',
      { [`${NET}/ens1/mtu`]: '', [`${NET}/ens2/mtu`]: '' },
      [],
      {
        links: [],
        uppers: { ens1: [], ens2: [] },
        unknown: 'its network interface ens1, ens2 is not among those that ip lists',
      },
    ],
    [
      'unknown where the folder cannot be read',
      { [NET]: '[EACCES]' },
      [{ ...ENS1, ...OF_PF }],
      { links: ['ens1'], unknown: `its network interfaces cannot be listed (list ${NET}: EACCES)` },
    ],
  ])('are %s', async (_, files, rows, expected) => {
    expect(await find(host(files, rows))).toEqual({ uppers: {}, isElsewhere: false, ...expected });
  });

  it.each([
    ['at the second look', [[], [ENS1]], 2, undefined],
    ['at the third look', [[], [], [ENS1]], 3, undefined],
    ['too late', [[], [], [], [ENS1]], 3, 'its network interface ens1 is not among those that ip lists'],
  ])('are looked at again while one is renamed: found %s', async (_, dumps, looks, unknown) => {
    const kernel = host({ [`${NET}/ens1/mtu`]: '' }, ...dumps);
    expect({ unknown: undefined, ...(await find(kernel)) }).toMatchObject({
      links: unknown === undefined ? ['ens1'] : [],
      unknown,
    });
    expect(kernel.done.filter((line) => line === LINKS)).toHaveLength(looks);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type ObservedPf } from '@sriov/observed-host';
import { observeHost } from './observe.ts';
import { deviceHost, linkRow } from './test/vector-hosts.ts';
import { type TestKernel } from './test/test-kernel.ts';

const PF = '0000:5e:00.0';
const ids = { vendor: '0x15b3', device: '0x101d', class: '0x020000', driver: '->../../../bus/pci/drivers/mlx5_core' };
const vf = (id: number): [string, Record<string, string>] => [`0000:5e:00.${id + 2}`, { ...ids, physfn: `->../${PF}` }];
const SWITCH = { phys_switch_id: 'b8599f0003000010' };
const uplink = linkRow({ ifname: 'ens2f0np0', parentdev: PF }, { phys_port_name: 'p0', ...SWITCH });
const representor = (name: string, port: string, rest: object = {}): object =>
  linkRow({ ifname: name, parentdev: PF }, { phys_port_name: port, ...SWITCH, ...rest });
const port = (vfnum: number, netdev: string, controller = 0): object => ({
  flavour: 'pcivf',
  controller,
  vfnum,
  netdev,
});

/** A PF with two VFs in a mode, and what `ip` and `devlink port` list. */
function host(mode: string, links: readonly object[], ports?: object): TestKernel {
  const names = links.map((each) => (each as { readonly ifname: string }).ifname);
  const net = Object.fromEntries(names.map((name) => [`net/${name}/mtu`, '1500']));
  const vfs = [vf(0), vf(1)];
  const virtfns = Object.fromEntries(vfs.map(([address], id) => [`virtfn${id}`, `->../${address}`]));
  const kernel = deviceHost({
    devices: { [PF]: { ...ids, sriov_totalvfs: '8', ...virtfns, ...net }, ...Object.fromEntries(vfs) },
    links,
  });
  const show = { dev: { [`pci/${PF}`]: { mode } } };
  kernel.commands.set('devlink -j dev show', JSON.stringify({ dev: { [`pci/${PF}`]: {} } }));
  kernel.commands.set(`devlink -j dev eswitch show pci/${PF}`, JSON.stringify(show));
  if (ports !== undefined) kernel.commands.set('devlink -j port show', JSON.stringify({ port: ports }));
  return kernel;
}

const look = async (kernel: TestKernel): Promise<ObservedPf | undefined> => {
  const { interfaces, problems } = await observeHost(kernel);
  expect(problems).toEqual([]);
  return interfaces[0];
};
const representorsIn = (pf: ObservedPf | undefined): (string | undefined)[] | undefined =>
  pf?.sriov?.vfs.map((each) => each.representor);

describe('a PF in switchdev mode', () => {
  const LINKS = [representor('eth1', 'pf0vf1'), representor('eth0', 'pf0vf0'), uplink];
  const PORTS = { [`pci/${PF}/1`]: port(0, 'eth0'), [`pci/${PF}/2`]: port(1, 'eth1') };

  it('is known by its uplink, and tells its port on the eSwitch', async () => {
    expect(await look(host('switchdev', LINKS, PORTS))).toMatchObject({
      eSwitchMode: 'switchdev',
      link: { name: 'ens2f0np0' },
      switchPort: { switchId: 'b8599f0003000010', portName: 'p0' },
    });
  });

  it('reads both from sysfs where ip does not tell them', async () => {
    const links = ['eth0', 'ens2f0np0'].map((ifname) => linkRow({ ifname, parentdev: PF }));
    const kernel = host('switchdev', links, {});
    const files = {
      'eth0/phys_port_name': 'pf0vf0',
      'ens2f0np0/phys_port_name': 'p0',
      'ens2f0np0/phys_switch_id': 'ab',
    };
    for (const [name, text] of Object.entries(files)) kernel.files.set(`/sys/class/net/${name}`, text);
    const pf = await look(kernel);
    expect(pf).toMatchObject({ link: { name: 'ens2f0np0' }, switchPort: { switchId: 'ab', portName: 'p0' } });
    expect(representorsIn(pf)).toEqual(['eth0', undefined]);
  });

  it.each<[string, object | undefined]>([
    ['devlink, in one dump', PORTS],
    ['the names of the ports where devlink does not list them', undefined],
    ['the names of the ports where devlink knows none', {}],
  ])('has its VFs represented by what tells %s', async (_, ports) => {
    const kernel = host('switchdev', LINKS, ports);
    expect(representorsIn(await look(kernel))).toEqual(['eth0', 'eth1']);
    expect(kernel.done.filter((line) => line === 'devlink -j port show')).toHaveLength(1);
  });

  it('whose ports belong to another host of a DPU has none', async () => {
    const ports = { [`pci/${PF}/1`]: port(0, 'ethx', 1) };
    const pf = await look(host('switchdev', [representor('ethx', 'c1pf0vf0'), uplink], ports));
    expect(pf?.link?.name).toBe('ens2f0np0');
    expect(representorsIn(pf)).toEqual([undefined, undefined]);
  });

  it('whose uplink is in another network namespace has no interface, and is not taken for its representor', async () => {
    expect(await look(host('switchdev', [representor('eth0', 'pf0vf0')], PORTS))).not.toHaveProperty('link');
  });

  it('has a VF in use whose representor is in a bridge', async () => {
    const plugged = representor('eth1', 'pf0vf1', { master: 'ovs-system' });
    const pf = await look(host('switchdev', [representor('eth0', 'pf0vf0'), plugged, uplink], PORTS));
    expect(pf?.sriov?.vfs.map(({ uses }) => uses)).toEqual([
      undefined,
      [{ kind: 'representor', name: 'eth1', master: 'ovs-system' }],
    ]);
    expect(pf).not.toHaveProperty('uses');
  });
});

it('a PF in legacy mode has no port on an eSwitch, and devlink is not asked for ports', async () => {
  const kernel = host('legacy', [uplink]);
  expect(await look(kernel)).not.toHaveProperty('switchPort');
  expect(kernel.done).not.toContain('devlink -j port show');
});

import { describe, expect, it } from '@jest/globals';
import { observeHost } from './observe.ts';
import { TestKernel } from './test-kernel.ts';

const PF = '0000:01:00.0';
const VF = '0000:01:10.';
const at = (address: string): string => `/sys/bus/pci/devices/${address}`;

/** What `ip -j -d link show` says of an interface of a PCI device. */
const link = (ifname: string, parentdev: string, rest: object = {}): object => ({
  ifname,
  flags: ['BROADCAST', 'UP'],
  mtu: 1500,
  max_mtu: 9216,
  link_type: 'ether',
  address: '52:54:00:aa:00:10',
  parentbus: 'pci',
  parentdev,
  ...rest,
});

function device(address: string, rest: Record<string, string> = {}): Record<string, string> {
  const facts = {
    vendor: '0x8086',
    device: '0x10C9',
    class: '0x020000',
    driver: '->../../../bus/pci/drivers/igb',
    ...rest,
  };
  return Object.fromEntries(Object.entries(facts).map(([name, text]) => [`${at(address)}/${name}`, text]));
}

/** A PF with SR-IOV and these VFs, each of which is given its attributes. */
function pfWith(vfs: Record<string, string>[], rest: Record<string, string> = {}): Record<string, string> {
  const links = vfs.map((_, id) => [`virtfn${id}`, `->../${VF}${id}`]);
  const own = device(PF, {
    sriov_totalvfs: '7',
    sriov_drivers_autoprobe: '1',
    iommu_group: '->../../../kernel/iommu_groups/9',
    ...(Object.fromEntries(links) as Record<string, string>),
    ...rest,
  });
  const theirs = vfs.map((vf, id) =>
    device(`${VF}${id}`, { device: '0x10ca', driver: '[ENOENT]', physfn: `->../${PF}`, ...vf }),
  );
  return Object.assign({}, own, ...theirs) as Record<string, string>;
}

function host(
  files: Record<string, string>,
  links: readonly object[],
  commands: Record<string, string> = {},
): TestKernel {
  return new TestKernel({
    files,
    commands: {
      'ip -j -d link show': JSON.stringify([{}, ...links]),
      'ip -j route show default': '[]',
      'ip -j -6 route show default': '',
      ...commands,
    },
  });
}

describe('the RDMA mode of a host', () => {
  it.each([
    ['shared', { netns_mode: 'Y' }, 'shared'],
    ['exclusive', { netns_mode: 'N' }, 'exclusive'],
    ['not known without the RDMA core', {}, undefined],
  ])('is %s', async (_, parameters, expected) => {
    const files = Object.entries(parameters).map(([name, text]) => [`/sys/module/ib_core/parameters/${name}`, text]);
    const { rdmaMode } = await observeHost(host(Object.fromEntries(files) as Record<string, string>, []));
    expect(rdmaMode).toBe(expected);
  });
});

describe('a PF', () => {
  it('is seen with everything about it', async () => {
    const files = { ...pfWith([]), '/sys/class/net/ens1/speed': '1000' };
    const kernel = host(files, [link('ens1', PF, { altnames: ['enp1s0'] })]);
    expect(await observeHost(kernel)).toEqual({
      problems: [],
      interfaces: [
        {
          pciAddress: PF,
          vendor: '8086',
          deviceId: '10c9',
          driver: 'igb',
          iommuGroup: 9,
          linkType: 'ETH',
          link: {
            name: 'ens1',
            altNames: ['enp1s0'],
            mac: '52:54:00:aa:00:10',
            mtu: 1500,
            maxMtu: 9216,
            up: true,
            speed: 1000,
          },
          sriov: { totalVfs: 7, autoprobe: true, vfs: [] },
        },
      ],
    });
  });

  it.each([
    [
      'without a driver and an interface',
      device(PF, { driver: '[ENOENT]' }),
      { vendor: '8086', deviceId: '10c9', linkType: '' },
    ],
    ['of InfiniBand without an interface', device(PF, { class: '0x020700' }), { driver: 'igb', linkType: 'IB' }],
  ])('%s is seen as well', async (_, files, expected) => {
    const { interfaces, problems } = await observeHost(host(files, []));
    expect(problems).toEqual([]);
    expect(interfaces).toEqual([expect.objectContaining({ pciAddress: PF, ...expected })]);
    expect(interfaces[0]).not.toHaveProperty('link');
    expect(interfaces[0]).not.toHaveProperty('sriov');
  });

  it.each([
    ['[EINVAL]', undefined],
    ['-1', undefined],
    ['25000', 25_000],
  ])('whose speed reads %s has speed %s', async (text, speed) => {
    const kernel = host({ ...device(PF), '/sys/class/net/ens1/speed': text }, [link('ens1', PF)]);
    expect((await observeHost(kernel)).interfaces[0]?.link?.speed).toBe(speed);
  });

  it('in switchdev mode is known by its uplink, not by a representor', async () => {
    const files = {
      ...device(PF),
      '/sys/class/net/ens1_0/phys_port_name': 'pf0vf0',
      '/sys/class/net/ens1/phys_port_name': 'p0',
    };
    const kernel = host(files, [link('ens1_0', PF), link('ens1', PF)], {
      'devlink -j dev show': JSON.stringify({ dev: { [`pci/${PF}`]: {}, 'netdevsim/netdevsim1': {} } }),
      [`devlink -j dev eswitch show pci/${PF}`]: JSON.stringify({ dev: { [`pci/${PF}`]: { mode: 'switchdev' } } }),
    });
    expect((await observeHost(kernel)).interfaces[0]).toMatchObject({
      eSwitchMode: 'switchdev',
      link: { name: 'ens1' },
    });
  });

  it.each([
    ['no tool', {}],
    ['no devlink in the kernel', { 'devlink -j dev show': '!devlink: Failed to connect' }],
    [
      'no eSwitch in the device',
      {
        'devlink -j dev show': JSON.stringify({ dev: { [`pci/${PF}`]: {} } }),
        [`devlink -j dev eswitch show pci/${PF}`]: '!Error: Operation not supported',
      },
    ],
  ])('with %s has no eSwitch mode', async (_, commands) => {
    expect((await observeHost(host(device(PF), [], commands))).interfaces[0]).not.toHaveProperty('eSwitchMode');
  });
});

describe('eSwitch modes', () => {
  it('are asked of the PFs alone: drivers such as mlx5_core bring each VF to devlink as well', async () => {
    const pci = (address: string): string => `pci/${address}`;
    const kernel = host(pfWith([{ driver: '->../../../bus/pci/drivers/mlx5_core' }]), [link('ens1', PF)], {
      'devlink -j dev show': JSON.stringify({ dev: { [pci(PF)]: {}, [pci(`${VF}0`)]: {} } }),
      [`devlink -j dev eswitch show ${pci(PF)}`]: JSON.stringify({ dev: { [pci(PF)]: { mode: 'legacy' } } }),
    });
    expect((await observeHost(kernel)).interfaces[0]?.eSwitchMode).toBe('legacy');
    expect(kernel.done.filter((line) => line.includes('eswitch'))).toEqual([`devlink -j dev eswitch show ${pci(PF)}`]);
  });
});

describe('what the host uses a PF for', () => {
  const route = (...routes: object[]): Record<string, string> => ({
    'ip -j route show default': JSON.stringify(routes),
  });
  it.each<[string, object, object[], Record<string, string>, string | undefined]>([
    ['nothing', {}, [], {}, undefined],
    ['its default route', {}, [], route({ dst: 'default', dev: 'ens1' }), 'its default route'],
    ['another interface has it', {}, [], route({ dst: 'default', dev: 'eth0' }), undefined],
    [
      'its default route of IPv6',
      {},
      [],
      { 'ip -j -6 route show default': '[{"dst":"default","dev":"ens1"}]' },
      'its default route',
    ],
    [
      'one of several ways',
      {},
      [],
      route({ dst: 'default', nexthops: [{ dev: 'eth0' }, { dev: 'ens1' }] }),
      'its default route',
    ],
    [
      'the default route of a VLAN',
      {},
      [{ ifname: 'ens1.100', link: 'ens1', link_type: 'ether' }],
      route({ dst: 'default', dev: 'ens1.100' }),
      'its default route',
    ],
    [
      'the default route of a bridge that has a VLAN of it',
      {},
      [{ ifname: 'br0' }, { ifname: 'ens1.100', link: 'ens1', master: 'br0' }],
      route({ dst: 'default', dev: 'br0' }),
      'its default route',
    ],
    ['a bond', { master: 'bond0' }, [{ ifname: 'bond0' }], {}, 'part of bond0'],
  ])('%s', async (_, rest, others, commands, expected) => {
    const { interfaces } = await observeHost(host(device(PF), [link('ens1', PF, rest), ...others], commands));
    expect(interfaces[0]?.hostUse).toBe(expected);
  });
});

describe('a VF', () => {
  const igbvf = '->../../../bus/pci/drivers/igbvf';
  const vfio = '->../../../bus/pci/drivers/vfio-pci';
  const proc = {
    '/proc/4711/fd/12': '->/dev/vfio/21',
    '/proc/4711/fd/13': '->/dev/vfio/vfio',
    '/proc/4711/comm': 'qemu-kvm',
    '/proc/4712/fd/1': '[EACCES]',
    '/proc/version': 'Linux',
  };
  const vfsOf = async (kernel: TestKernel, options = {}): Promise<unknown> =>
    (await observeHost(kernel, options)).interfaces[0]?.sriov?.vfs;

  it('is seen with its driver, its interface and what the PF prescribes', async () => {
    const group = { iommu_group: '->../../../kernel/iommu_groups/20' };
    const kernel = host(pfWith([{ driver: igbvf, ...group }, { driver: '[ENOENT]' }]), [
      link('ens1', PF, {
        vfinfo_list: [
          { vf: 0, address: '02:11:22:33:44:55' },
          { vf: 1, address: '00:00:00:00:00:00' },
        ],
      }),
      link('ens1v0', `${VF}0`, { address: '02:11:22:33:44:55', max_mtu: 0 }),
    ]);
    const ids = { vendor: '8086', deviceId: '10ca' };
    expect(await vfsOf(kernel)).toEqual([
      {
        id: 0,
        pciAddress: `${VF}0`,
        ...ids,
        driver: 'igbvf',
        iommuGroup: 20,
        adminMac: '02:11:22:33:44:55',
        link: { name: 'ens1v0', altNames: [], mac: '02:11:22:33:44:55', mtu: 1500, up: true },
      },
      { id: 1, pciAddress: `${VF}1`, ...ids },
    ]);
  });

  it('is in a pod when its driver has an interface that is not here', async () => {
    const kernel = host(pfWith([{ driver: igbvf, 'net/x': '' }, { driver: igbvf }]), [link('ens1', PF)]);
    expect(await vfsOf(kernel)).toMatchObject([
      { heldBy: 'a pod (its interface is in another network namespace)' },
      expect.not.objectContaining({ heldBy: expect.anything() }),
    ]);
  });

  it.each<[string, object, string]>([
    ['is part of a bond', { master: 'bond0' }, 'the host (part of bond0)'],
    ['carries its default route', {}, 'the host (its default route)'],
  ])('is in use by the host when its interface %s', async (_, rest, heldBy) => {
    const routes = { 'ip -j route show default': '[{"dst":"default","dev":"ens1v1"}]' };
    const links = [link('ens1', PF), link('ens1v0', `${VF}0`), link('ens1v1', `${VF}1`, rest)];
    const kernel = host(pfWith([{ driver: igbvf }, { driver: igbvf }]), links, 'master' in rest ? {} : routes);
    expect(await vfsOf(kernel)).toMatchObject([expect.not.objectContaining({ heldBy: expect.anything() }), { heldBy }]);
  });

  it('is held by the process that has its group open, if one looks', async () => {
    const files = { ...pfWith([{ driver: vfio, iommu_group: '->../../../kernel/iommu_groups/21' }]), ...proc };
    const kernel = host(files, [link('ens1', PF)]);
    expect(await vfsOf(kernel, { vfioHolders: true })).toMatchObject([{ heldBy: 'process 4711 (qemu-kvm)' }]);
    expect(await vfsOf(kernel)).not.toMatchObject([{ heldBy: expect.anything() }]);
  });

  it.each([
    ['a container whose device is gone from its folder', '/dev/vfio/21 (deleted)', {}],
    ['a group without an IOMMU', '/dev/vfio/noiommu-21', {}],
    ['its own device, through iommufd', '/dev/vfio/devices/vfio3', { 'vfio-dev/vfio3': '' }],
  ])('is held by a process that has it open as %s', async (_, path, rest) => {
    const vf = { driver: vfio, iommu_group: '->../../../kernel/iommu_groups/21', ...rest };
    const files = { ...pfWith([vf]), '/proc/4711/fd/12': `->${path}`, '/proc/4711/comm': 'qemu-kvm' };
    const kernel = host(files, [link('ens1', PF)]);
    expect(await vfsOf(kernel, { vfioHolders: true })).toMatchObject([{ heldBy: 'process 4711 (qemu-kvm)' }]);
  });

  it('is not held by a process that has another one open', async () => {
    const vf = { driver: vfio, iommu_group: '->../../../kernel/iommu_groups/21', 'vfio-dev/vfio3': '' };
    const others = { '/proc/4711/fd/12': '->/dev/vfio/3', '/proc/4711/fd/13': '->/dev/vfio/devices/vfio21' };
    const kernel = host({ ...pfWith([vf]), ...others, '/proc/4711/comm': 'qemu-kvm' }, [link('ens1', PF)]);
    expect(await vfsOf(kernel, { vfioHolders: true })).not.toMatchObject([{ heldBy: expect.anything() }]);
  });

  it('that vanishes between list and read takes nothing else with it', async () => {
    const kernel = host(pfWith([{}, { vendor: '[ENOENT]' }, {}]), [link('ens1', PF)]);
    expect((await observeHost(kernel)).problems).toEqual([]);
    expect(await vfsOf(kernel)).toMatchObject([{ id: 0 }, { id: 2 }]);
  });

  it('is listed in the order of its index', async () => {
    const kernel = host(pfWith(Array.from({ length: 12 }, () => ({}))), [link('ens1', PF)]);
    expect(((await vfsOf(kernel)) as { id: number }[]).map(({ id }) => id)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ]);
  });
});

describe('what is not a PF', () => {
  it.each([
    ['a disk controller', device(PF, { class: '0x010802' })],
    ['a VF', device(PF, { physfn: '->../0000:01:00.1' })],
    ['a VF that is just being removed', device(PF, { sriov_vf_msix_count: '[EACCES]' })],
    ['a device that is gone before its class is read', device(PF, { class: '[ENODEV]' })],
  ])('%s is left out', async (_, files) => {
    expect(await observeHost(host(files, []))).toEqual({ interfaces: [], problems: [] });
  });

  it('a device that vanishes between list and read is a problem of its own', async () => {
    const files = { ...device(PF), ...device('0000:02:00.0', { vendor: '[ENODEV]' }) };
    const { interfaces, problems } = await observeHost(host(files, []));
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual([PF]);
    expect(problems).toEqual([
      { pciAddress: '0000:02:00.0', message: 'read /sys/bus/pci/devices/0000:02:00.0/vendor: ENODEV' },
    ]);
  });

  it('a host whose interfaces cannot be listed is not guessed at', async () => {
    const broken = host(device(PF), [], { 'ip -j -d link show': '!Cannot open netlink socket' });
    await expect(observeHost(broken)).rejects.toThrow('ip -j -d link show: Cannot open netlink socket');
    const garbled = host(device(PF), [], { 'ip -j -d link show': '[{' });
    await expect(observeHost(garbled)).rejects.toThrow('ip -j -d link show: the output is not JSON');
  });
});

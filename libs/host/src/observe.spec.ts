import { describe, expect, it } from '@jest/globals';
import { KernelBlockedError } from './kernel/kernel.ts';
import { lookCloser, observeHost } from './observe.ts';
import { TestKernel } from './test/test-kernel.ts';

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
      'ip -j addr show': '[{"ifname":"lo"}]',
      'ip -j -4 route show table all': '[]',
      'ip -j -6 route show table all': '[]',
      'devlink -j dev show': '{"dev":{}}',
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
    const sys = '/sys/class/net/ens1';
    const files = { ...pfWith([]), [`${sys}/speed`]: '1000', [`${sys}/addr_assign_type`]: '0' };
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

  it.each<[string, Record<string, string>, Record<string, string>, string | undefined, true | undefined]>([
    ['was made with its address', { addr_assign_type: '0' }, {}, undefined, undefined],
    ['was given its address by somebody', { addr_assign_type: '3' }, {}, undefined, true],
    ['tells nothing of its address', {}, {}, undefined, true],
    [
      'was given its address by somebody, and tells its own',
      { addr_assign_type: '3' },
      { permaddr: '52:54:00:aa:00:99' },
      '52:54:00:aa:00:99',
      undefined,
    ],
  ])('that %s', async (_, attributes, row, permanentMac, isMacAssigned) => {
    const files = Object.entries(attributes).map(([name, text]) => [`/sys/class/net/ens1/${name}`, text] as const);
    const kernel = host({ ...pfWith([]), ...Object.fromEntries(files) }, [link('ens1', PF, row)]);
    const [pf] = (await observeHost(kernel)).interfaces;
    expect([pf?.link?.permanentMac, pf?.link?.isMacAssigned]).toEqual([permanentMac, isMacAssigned]);
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

  it.each([
    ['no devlink device', {}],
    ['no devlink in the kernel', { 'devlink -j dev show': '!Failed to connect to devlink Netlink' }],
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

describe('an eSwitch mode that devlink does not tell', () => {
  const show = `devlink -j dev eswitch show pci/${PF}`;
  const LISTED = { 'devlink -j dev show': JSON.stringify({ dev: { [`pci/${PF}`]: {} } }) };
  const SWITCH = '/sys/class/net/ens1/phys_switch_id';
  const observe = async (switchId: string, commands: Record<string, string>): Promise<unknown> => {
    const kernel = host({ ...pfWith([]), [SWITCH]: switchId }, [link('ens1', PF)], commands);
    const { interfaces, problems } = await observeHost(kernel);
    expect(problems).toEqual([]);
    return interfaces[0];
  };
  const FAILURES: [string, Record<string, string>, string][] = [
    ['devlink is missing', { 'devlink -j dev show': '[ENOENT]' }, 'devlink -j dev show'],
    ['devlink fails', { 'devlink -j dev show': '!kernel answers: Operation not permitted' }, 'Operation not permitted'],
    [
      'devlink prints no JSON',
      { 'devlink -j dev show': 'oops' },
      'the output of devlink -j dev show cannot be understood',
    ],
    ['the device does not tell it', { ...LISTED, [show]: '!kernel answers: Connection timed out' }, `${show}: kernel`],
    ['it takes too long', { ...LISTED, [show]: '[ETIMEDOUT]' }, 'ETIMEDOUT'],
    [
      'it is one that we do not know',
      { ...LISTED, [show]: JSON.stringify({ dev: { [`pci/${PF}`]: { mode: 'switchdev_inactive' } } }) },
      'the mode is switchdev_inactive',
    ],
  ];

  it.each(FAILURES)('is unknown, with command and cause: %s', async (_, commands, cause) => {
    const pf = await observe('52540000', commands);
    expect(pf).toMatchObject({ sriov: { totalVfs: 7 }, eSwitchUnknown: expect.stringContaining(cause) });
    expect(pf).not.toHaveProperty('eSwitchMode');
  });

  it.each(FAILURES)('is legacy all the same where the driver has no switch to name: %s', async (_, commands) => {
    const pf = await observe('[ENOTSUP]', commands);
    expect(pf).not.toHaveProperty('eSwitchMode');
    expect(pf).not.toHaveProperty('eSwitchUnknown');
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

describe('an eSwitch mode that cannot be told', () => {
  const pci = (address: string): string => `pci/${address}`;
  const files = { ...pfWith([{}]), ...device('0000:02:00.0', { sriov_totalvfs: '7' }) };
  const shown = JSON.stringify({ dev: { [pci(PF)]: {}, [pci('0000:02:00.0')]: {} } });
  const kernel = (answer: string): TestKernel =>
    host(files, [], {
      'devlink -j dev show': shown,
      [`devlink -j dev eswitch show ${pci(PF)}`]: answer,
      [`devlink -j dev eswitch show ${pci('0000:02:00.0')}`]: '!kernel answers: Operation not supported',
    });
  const unknown = async (host: TestKernel): Promise<unknown[]> =>
    (await observeHost(host)).interfaces.map(({ eSwitchUnknown }) => eSwitchUnknown);

  it.each(['!kernel answers: Device or resource busy', '!kernel answers: Connection timed out'])(
    'is unknown of its PF alone: %s',
    async (answer) => {
      expect(await unknown(kernel(answer))).toEqual([expect.stringContaining(answer.slice(1)), undefined]);
    },
  );

  it('blocks its PF alone while the kernel holds the call', async () => {
    const stuck = kernel('');
    const exec = stuck.exec.bind(stuck);
    const released = new Promise<void>(() => undefined);
    stuck.exec = (command, args) =>
      args.join(' ').endsWith(`eswitch show ${pci(PF)}`)
        ? Promise.reject(new KernelBlockedError({ verb: 'exec', path: 'devlink', since: 0, waitedMs: 1, released }))
        : exec(command, args);
    const { interfaces, problems } = await observeHost(stuck);
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual(['0000:02:00.0']);
    expect(problems).toMatchObject([{ pciAddress: PF, isBlocked: true }]);
  });

  it('is none of a device that has no eSwitch', async () => {
    expect(await unknown(kernel('!kernel answers: Operation not permitted'))).toEqual([undefined, undefined]);
  });

  it('is unknown of all PFs where devlink itself fails', async () => {
    const failing = host(files, [], { 'devlink -j dev show': '!kernel answers: Cannot allocate memory' });
    const cause: unknown = expect.stringContaining('Cannot allocate memory');
    expect(await unknown(failing)).toEqual([cause, cause]);
  });
});

describe('what the host uses a PF for', () => {
  const route = (...routes: object[]): Record<string, string> => ({
    'ip -j -4 route show table all': JSON.stringify(routes),
  });
  const DEFAULT = { kind: 'default-route' };
  it.each<[string, object, object[], Record<string, string>, object[] | undefined]>([
    ['nothing', {}, [], {}, undefined],
    ['its default route', {}, [], route({ dst: 'default', dev: 'ens1' }), [DEFAULT]],
    ['another interface has it', {}, [], route({ dst: 'default', dev: 'eth0' }), undefined],
    [
      'its default route in a table of its own',
      {},
      [],
      route({ dst: 'default', dev: 'ens1', table: '100' }),
      [DEFAULT],
    ],
    [
      'its default route of IPv6',
      {},
      [],
      { 'ip -j -6 route show table all': '[{"dst":"default","dev":"ens1"}]' },
      [DEFAULT],
    ],
    ['one of several ways', {}, [], route({ dst: 'default', nexthops: [{ dev: 'eth0' }, { dev: 'ens1' }] }), [DEFAULT]],
    [
      'the default route of a VLAN',
      {},
      [{ ifname: 'ens1.100', link: 'ens1', link_type: 'ether', linkinfo: { info_kind: 'vlan' } }],
      route({ dst: 'default', dev: 'ens1.100' }),
      [DEFAULT, { kind: 'carries', name: 'ens1.100', type: 'vlan' }],
    ],
    [
      'the default route of a bridge that has a VLAN of it',
      {},
      [{ ifname: 'br0' }, { ifname: 'ens1.100', link: 'ens1', master: 'br0' }],
      route({ dst: 'default', dev: 'br0' }),
      [DEFAULT, { kind: 'carries', name: 'ens1.100' }],
    ],
    ['a bond', { master: 'bond0' }, [{ ifname: 'bond0' }], {}, [{ kind: 'part-of', master: 'bond0' }]],
    [
      'a VXLAN, whose row names it elsewhere than that of a VLAN',
      {},
      [{ ifname: 'vxlan7', linkinfo: { info_kind: 'vxlan', info_data: { id: 7, link: 'ens1' } } }],
      {},
      [{ kind: 'carries', name: 'vxlan7', type: 'vxlan' }],
    ],
    [
      'a VLAN of which only the number of what it stands on is known',
      { ifindex: 4 },
      [{ ifname: 'vlan7', link: 'if4', linkinfo: { info_kind: 'vlan' } }],
      {},
      [{ kind: 'carries', name: 'vlan7', type: 'vlan' }],
    ],
    [
      'nothing, when an interface stands on one of the same number in another network namespace',
      { ifindex: 4 },
      [{ ifname: 'veth1', link_index: 4, link_netnsid: 0 }],
      {},
      undefined,
    ],
    [
      'an address, and not the one that the kernel gives to each interface',
      { ifindex: 4 },
      [],
      {
        'ip -j addr show': JSON.stringify([
          {
            ifindex: 4,
            ifname: 'renamed-meanwhile',
            addr_info: [
              { family: 'inet', local: '10.0.0.5', prefixlen: 24 },
              { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
            ],
          },
        ]),
      },
      [{ kind: 'address', address: '10.0.0.5/24' }],
    ],
    [
      'a route, and not those that the kernel makes itself',
      {},
      [],
      route(
        { dst: '10.1.0.0/16', dev: 'ens1' },
        { dst: '10.0.0.0/24', dev: 'ens1', protocol: 'kernel' },
        { dst: 'ff00::/8', dev: 'ens1', table: 'local' },
        { dst: '10.0.0.255', dev: 'ens1', type: 'broadcast', table: '255' },
      ),
      [{ kind: 'route', destination: '10.1.0.0/16' }],
    ],
    [
      'a route that names its next hop by number',
      {},
      [],
      {
        ...route({ dst: '10.1.0.0/16', nhid: 9 }),
        'ip -j nexthop show': '[{"id":9,"gateway":"10.0.0.1","dev":"ens1"}]',
      },
      [{ kind: 'route', destination: 'next hop 9' }],
    ],
  ])('%s', async (_, rest, others, commands, expected) => {
    const { interfaces } = await observeHost(host(device(PF), [link('ens1', PF, rest), ...others], commands));
    expect(interfaces[0]?.uses).toEqual(expected);
  });

  it('whatever stands on it, of which ip tells nothing', async () => {
    const files = { ...device(PF), [`${at(PF)}/net/ens1/upper_ovs0`]: '->../../../../virtual/net/ovs0' };
    const { interfaces } = await observeHost(host(files, [link('ens1', PF)]));
    expect(interfaces[0]?.uses).toEqual([{ kind: 'carries', name: 'ovs0' }]);
  });
});

describe('a kernel that does not tell the devices of interfaces', () => {
  const { parentbus: _bus, parentdev: _dev, ...row } = link('ens1', PF) as Record<string, unknown>;

  it('has their names in sysfs', async () => {
    const files = { ...device(PF), [`${at(PF)}/net/ens1/mtu`]: '1500' };
    const routes = { 'ip -j -4 route show table all': '[{"dst":"default","dev":"ens1"}]' };
    const { interfaces } = await observeHost(host(files, [row], routes));
    expect(interfaces[0]).toMatchObject({
      link: { name: 'ens1', mac: '52:54:00:aa:00:10' },
      linkType: 'ETH',
      uses: [{ kind: 'default-route' }],
    });
  });

  it('is asked again for an interface that was renamed during the look', async () => {
    const kernel = host({ ...device(PF), [`${at(PF)}/net/ens1/mtu`]: '1500' }, [{ ...row, ifname: 'eth7' }]);
    let dumps = 0;
    const exec = kernel.exec.bind(kernel);
    kernel.exec = (command, args) => {
      const isDump = args.includes('-d');
      if (isDump) dumps += 1;
      if (isDump && dumps > 1) kernel.commands.set('ip -j -d link show', JSON.stringify([row]));
      return exec(command, args);
    };
    expect((await observeHost(kernel)).interfaces[0]).toMatchObject({ link: { name: 'ens1' } });
    expect(dumps).toBe(2);
  });

  it('makes a PF count as in use whose interface cannot be found at all', async () => {
    const { interfaces } = await observeHost(host({ ...device(PF), [`${at(PF)}/net/ens1/mtu`]: '1500' }, []));
    expect(interfaces[0]?.uses).toEqual([
      { kind: 'unknown', cause: 'its network interface ens1 is not among those that ip lists' },
    ]);
  });

  it('is in use when its interfaces cannot be listed', async () => {
    const { interfaces } = await observeHost(
      host({ ...device(PF), [`${at(PF)}/net`]: '[EACCES]', [`${at(PF)}/net/x`]: '' }, []),
    );
    expect(interfaces[0]?.uses).toMatchObject([{ kind: 'unknown' }]);
  });

  it.each<[string, object, Record<string, string>, object]>([
    ['MTU', { mtu: undefined }, { mtu: '9000' }, { mtu: 9000 }],
    ['address', { address: undefined }, { address: '02:00:00:00:00:01' }, { mac: '02:00:00:00:00:01' }],
    ['state', { flags: undefined }, { flags: '0x1003' }, { up: true }],
  ])('has the %s in sysfs where the row leaves it out', async (_, change, sysfs, expected) => {
    const files = Object.entries(sysfs).map(([name, text]) => [`/sys/class/net/ens1/${name}`, text] as const);
    const kernel = host({ ...device(PF), ...Object.fromEntries(files) }, [link('ens1', PF, change)]);
    expect((await observeHost(kernel)).interfaces[0]?.link).toMatchObject(expected);
  });

  it.each<[string, Record<string, string>, string]>([
    ['the type in sysfs', { '/sys/class/net/ens1/type': '32' }, 'IB'],
    ['that of Ethernet', { '/sys/class/net/ens1/type': '1' }, 'ETH'],
    ['the class of the device where there is none', { [`${at(PF)}/class`]: '0x020700' }, 'IB'],
  ])('is asked for the kind of link by %s', async (_, files, linkType) => {
    const kernel = host({ ...device(PF), ...files }, [link('ens1', PF, { link_type: undefined })]);
    expect((await observeHost(kernel)).interfaces[0]?.linkType).toBe(linkType);
  });

  it('is no reason to make something up', async () => {
    const { problems } = await observeHost(host(device(PF), [link('ens1', PF, { mtu: undefined })]));
    expect(problems[0]?.message).toBe('ens1: neither ip nor sysfs tells its address, MTU and state');
  });
});

describe('the address that a PF was made with', () => {
  it.each<[string, object, Record<string, string>, string | undefined]>([
    ['is that of its interface', {}, {}, undefined],
    ['is what ip calls permanent', { permaddr: '52:54:00:aa:00:99' }, {}, '52:54:00:aa:00:99'],
    [
      'is what its bond remembers, on kernels that do not tell it',
      { master: 'bond0' },
      { '/sys/class/net/ens1/bonding_slave/perm_hwaddr': '52:54:00:aa:00:99' },
      '52:54:00:aa:00:99',
    ],
    ['is that of its interface where its bridge remembers none', { master: 'br0' }, {}, undefined],
  ])('%s', async (_, rest, files, expected) => {
    const { interfaces } = await observeHost(host({ ...device(PF), ...files }, [link('ens1', PF, rest)]));
    expect(interfaces[0]?.link?.permanentMac).toBe(expected);
  });
});

describe('a VF', () => {
  const igbvf = '->../../../bus/pci/drivers/igbvf';
  const vfio = '->../../../bus/pci/drivers/vfio-pci';
  const proc = {
    '/proc/4711/fd/12': '->/dev/vfio/21',
    '/proc/4711/fd/13': '->/dev/vfio/vfio',
    '/proc/4711/comm': 'qemu-kvm',
    '/proc/4712/fd/1': '->/dev/null',
    '/proc/version': 'Linux',
  };
  const vfsOf = async (kernel: TestKernel): Promise<unknown> => (await observeHost(kernel)).interfaces[0]?.sriov?.vfs;
  const closelyOf = async (kernel: TestKernel): Promise<unknown> =>
    (await lookCloser(kernel, [PF])).interfaces[0]?.sriov?.vfs;
  const free = expect.not.objectContaining({ uses: expect.anything() });
  const qemu = { kind: 'process', pid: 4711, command: 'qemu-kvm' };

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

  it('has the GUIDs that an InfiniBand port prescribes, and those of the files of sysfs where ip tells none', async () => {
    const [guid, other] = ['02:00:00:00:00:00:01:0a', '02:00:00:00:00:00:01:0b'];
    const files = { [`${at(PF)}/sriov/1/node`]: other, [`${at(PF)}/sriov/1/port`]: other };
    const row = link('ib0', PF, {
      link_type: 'infiniband',
      vfinfo_list: [{ vf: 0, 'node guid': guid, 'port guid': guid }, { vf: 1 }],
    });
    expect(await vfsOf(host({ ...pfWith([{}, {}]), ...files }, [row]))).toMatchObject([
      { id: 0, guids: { node: guid, port: guid } },
      { id: 1, guids: { node: other, port: other } },
    ]);
    expect(await vfsOf(host({ ...pfWith([{}, {}]), ...files }, [link('ens1', PF)]))).not.toMatchObject([
      {},
      { guids: expect.anything() },
    ]);
  });

  it('is in a pod when its driver has an interface that is not here', async () => {
    const kernel = host(pfWith([{ driver: igbvf, 'net/': '' }, { driver: igbvf }]), [link('ens1', PF)]);
    expect(await vfsOf(kernel)).toMatchObject([{ uses: [{ kind: 'namespace' }] }, free]);
  });

  it.each<[string, object, object]>([
    ['is part of a bond', { master: 'bond0' }, { kind: 'part-of', master: 'bond0' }],
    ['carries its default route', {}, { kind: 'default-route' }],
  ])('is in use by the host when its interface %s', async (_, rest, use) => {
    const routes = { 'ip -j -4 route show table all': '[{"dst":"default","dev":"ens1v1"}]' };
    const links = [link('ens1', PF), link('ens1v0', `${VF}0`), link('ens1v1', `${VF}1`, rest)];
    const kernel = host(pfWith([{ driver: igbvf }, { driver: igbvf }]), links, 'master' in rest ? {} : routes);
    expect(await vfsOf(kernel)).toMatchObject([free, { uses: [use] }]);
  });

  const group21 = { iommu_group: '->../../../kernel/iommu_groups/21' };

  it('is held by the process that has its group open, if one looks closely', async () => {
    const kernel = host({ ...pfWith([{ driver: vfio, ...group21 }]), ...proc }, [link('ens1', PF)]);
    expect(await closelyOf(kernel)).toMatchObject([{ uses: [qemu] }]);
    expect(await vfsOf(kernel)).toMatchObject([free]);
  });

  it('may be held by anyone when it has a VFIO driver and its group cannot be read', async () => {
    const kernel = host({ ...pfWith([{ driver: vfio }]), ...proc }, [link('ens1', PF)]);
    expect(await closelyOf(kernel)).toMatchObject([
      { uses: [{ kind: 'unknown', cause: 'it is bound to vfio-pci, and its iommu_group cannot be read' }] },
    ]);
  });

  it.each<[string, string, Record<string, string>]>([
    ['a container whose device is gone from its folder', '/dev/vfio/21 (deleted)', { driver: vfio, ...group21 }],
    ['a group without an IOMMU', '/dev/vfio/noiommu-21', { driver: vfio, ...group21 }],
    ['its own device, through iommufd', '/dev/vfio/devices/vfio3', { driver: vfio, 'vfio-dev/vfio3': '' }],
    ['a group of a VFIO driver of its own', '/dev/vfio/21', { driver: '->../drivers/mlx5_vfio_pci', ...group21 }],
    ['an RDMA device', '/dev/infiniband/uverbs2', { driver: '->../drivers/mlx5_core', 'infiniband_verbs/uverbs2': '' }],
    ['a device of uio', '/dev/uio3', { driver: '->../drivers/igb_uio', 'uio/uio3': '' }],
  ])('is held by a process that has it open as %s', async (_, path, vf) => {
    const files = { ...pfWith([vf]), '/proc/4711/fd/12': `->${path}`, '/proc/4711/comm': 'qemu-kvm' };
    expect(await closelyOf(host(files, [link('ens1', PF)]))).toMatchObject([{ uses: [qemu] }]);
  });

  it('is held by a process that has the vDPA device open that was made from it', async () => {
    const vdpa = {
      '/sys/bus/vdpa/devices/vdpa9': `->../../../devices/pci0000:00/0000:00:01.0/${VF}0/vdpa9`,
      '/sys/bus/vdpa/devices/vdpa9/vhost-vdpa-2/dev': '511:2',
    };
    const open = { '/proc/4711/fd/12': '->/dev/vhost-vdpa-2', '/proc/4711/comm': 'qemu-kvm' };
    const kernel = host({ ...pfWith([{ driver: '->../drivers/mlx5_core' }]), ...vdpa, ...open }, [link('ens1', PF)]);
    expect(await closelyOf(kernel)).toMatchObject([{ uses: [qemu, { kind: 'vdpa', name: 'vdpa9' }] }]);
  });

  it('is not held by a process that has another one open', async () => {
    const vf = { driver: vfio, ...group21, 'vfio-dev/vfio3': '' };
    const others = { '/proc/4711/fd/12': '->/dev/vfio/3', '/proc/4711/fd/13': '->/dev/vfio/devices/vfio21' };
    const kernel = host({ ...pfWith([vf]), ...others, '/proc/4711/comm': 'qemu-kvm' }, [link('ens1', PF)]);
    expect(await closelyOf(kernel)).toMatchObject([free]);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'the files of a process cannot be listed',
      { '/proc/4712/fd': '[EACCES]' },
      'the open files of processes cannot be read (process 4712: EACCES)',
    ],
    [
      'an open file cannot be followed',
      { '/proc/4712/fd/1': '[EACCES]', '/proc/4713/fd/1': '[EPERM]' },
      'the open files of processes cannot be read (process 4712: EACCES, and 1 more)',
    ],
    ['no process can be seen', {}, 'the processes of the host cannot be listed (ENOENT)'],
    [
      'only our own processes can be seen',
      { '/proc/self': '->1', '/proc/1/fd/0': '->/dev/null' },
      'the processes of the host cannot be seen: the daemon needs hostPID',
    ],
  ])('counts as held when %s', async (_, files, cause) => {
    const kernel = host({ ...pfWith([{ driver: vfio, ...group21 }, {}]), ...files }, [link('ens1', PF)]);
    expect(await closelyOf(kernel)).toMatchObject([{ uses: [{ kind: 'unknown', cause }] }, free]);
  });

  it('is free of a process that ends while it is looked into', async () => {
    const gone = { '/proc/4712/fd': '[ESRCH]', '/proc/4713/fd/1': '[ENOENT]', '/proc/4714/fd/1': '->/dev/null' };
    const kernel = host({ ...pfWith([{ driver: vfio, ...group21 }]), ...gone }, [link('ens1', PF)]);
    expect(await closelyOf(kernel)).toMatchObject([free]);
  });

  it('that vanishes between list and read takes nothing else with it', async () => {
    const kernel = host(pfWith([{}, { vendor: '[ENOENT]' }, {}]), [link('ens1', PF)]);
    const read = kernel.read.bind(kernel);
    kernel.read = (path) => {
      if (path === `${at(`${VF}1`)}/vendor`) kernel.files.delete(`${at(PF)}/virtfn1`);
      return read(path);
    };
    const { interfaces, problems } = await observeHost(kernel);
    expect(problems).toEqual([]);
    expect(interfaces[0]?.sriov?.vfs).toMatchObject([{ id: 0 }, { id: 2 }]);
  });

  it('that stays and cannot be read is not left out: its PF could not be observed', async () => {
    const { interfaces, problems } = await observeHost(host(pfWith([{}, { vendor: '[ENODEV]' }]), [link('ens1', PF)]));
    expect(interfaces).toEqual([]);
    expect(problems).toEqual([{ pciAddress: PF, message: `read ${at(`${VF}1`)}/vendor: ENODEV` }]);
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

  it.each(['class', 'sriov_totalvfs', 'sriov_drivers_autoprobe'])(
    'a PF whose %s cannot be read is a problem, and not a device that has none',
    async (attribute) => {
      const { interfaces, problems } = await observeHost(host(pfWith([], { [attribute]: '[EIO]' }), []));
      expect(interfaces).toEqual([]);
      expect(problems).toEqual([{ pciAddress: PF, message: `read ${at(PF)}/${attribute}: EIO` }]);
    },
  );

  it.each<[string, string, string]>([
    ['nothing', 'vendor', ''],
    ['a word', 'vendor', 'nonsense'],
    ['too many digits', 'device', '0x10c9f'],
    ['much', 'device', `0x${'8'.repeat(10_000)}`],
  ])('a device with %s in the file of its id is a problem of its own', async (_, name, text) => {
    const files = { ...device(PF), ...device('0000:02:00.0', { [name]: text }) };
    const { interfaces, problems } = await observeHost(host(files, []));
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual([PF]);
    const message: unknown = expect.stringMatching(
      new RegExp(
        `^/sys/bus/pci/devices/0000:02:00.0/${name} cannot be understood: it has no 0x with four hex digits behind it, but "[^]{0,300}$`,
      ),
    );
    expect(problems).toEqual([{ pciAddress: '0000:02:00.0', message }]);
  });

  it('a device with nonsense in the file of its class is a problem of its own, and not one that is gone', async () => {
    const files = { ...device(PF), ...device('0000:02:00.0', { class: 'nonsense' }) };
    const { interfaces, problems } = await observeHost(host(files, []));
    expect(interfaces.map(({ pciAddress }) => pciAddress)).toEqual([PF]);
    const message =
      '/sys/bus/pci/devices/0000:02:00.0/class cannot be understood: it has no 0x with six hex digits behind it, but "nonsense"';
    expect(problems).toEqual([{ pciAddress: '0000:02:00.0', message }]);
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
    await expect(observeHost(garbled)).rejects.toThrow('the output of ip -j -d link show cannot be understood');
  });
});

describe('bridges of Open vSwitch', () => {
  const [none, uuid] = [
    ['set', []],
    ['uuid', 'a'],
  ];
  const bridge = {
    ...{ _uuid: uuid, name: 'br0', datapath_type: '', fail_mode: none, ports: none },
    ...{ external_ids: ['map', []], other_config: ['map', []] },
  };
  const hostWith = (answer: unknown): TestKernel => {
    const kernel = host(
      device(PF),
      [link('ens1', PF), { ...link('br0', ''), parentbus: undefined, parentdev: undefined }],
      {
        'ip -j addr show': JSON.stringify([{ ifname: 'br0', addr_info: [{ local: '10.0.0.1', prefixlen: 24 }] }]),
      },
    );
    if (answer !== undefined) kernel.jsonAnswers.set('/run/openvswitch/db.sock transact', answer);
    kernel.files.set('/run/openvswitch/ovs-vswitchd.7.ctl', '');
    kernel.jsonAnswers.set('/run/openvswitch/ovs-vswitchd.7.ctl version', '3.1.0');
    return kernel;
  };
  /** An answer to both transactions of a look: the bridges, and what is carried out. */
  const answerOf = (cur_cfg: number, next_cfg: number): unknown => [
    { rows: [{ ...bridge, cur_cfg, next_cfg }] },
    {},
    {},
  ];

  it('are looked at where somebody asks, with what the host does with them', async () => {
    const kernel = hostWith(answerOf(3, 3));
    expect((await observeHost(kernel, { bridges: true })).softwareBridges).toEqual({
      kind: 'seen',
      bridges: [
        {
          ...{ name: 'br0', datapathType: '', externalIDs: {}, otherConfig: {}, ports: [] },
          uses: [{ kind: 'address', address: '10.0.0.1/24' }],
        },
      ],
    });
    expect((await observeHost(kernel)).softwareBridges).toBeUndefined();
  });

  it.each<[string, (kernel: TestKernel) => void, string]>([
    [
      'ovs-vswitchd was killed',
      ({ jsonAnswers }) => jsonAnswers.delete('/run/openvswitch/ovs-vswitchd.7.ctl version'),
      'ovs-vswitchd does not answer: nobody listens at /run/openvswitch/ovs-vswitchd.7.ctl (ENOENT)',
    ],
    [
      'ovs-vswitchd has ended',
      ({ files }) => files.delete('/run/openvswitch/ovs-vswitchd.7.ctl'),
      'ovs-vswitchd does not answer: /run/openvswitch has no control socket ovs-vswitchd.*.ctl',
    ],
  ])('are seen, and that nobody carries them out, where %s', async (_, change, halted) => {
    const kernel = hostWith(answerOf(3, 3));
    change(kernel);
    expect((await observeHost(kernel, { bridges: true })).softwareBridges).toMatchObject({ kind: 'seen', halted });
  });

  it('are carried out where one ovs-vswitchd of several answers', async () => {
    const kernel = hostWith(answerOf(3, 3));
    kernel.files.set('/run/openvswitch/ovs-vswitchd.1.ctl', '');
    expect((await observeHost(kernel, { bridges: true })).softwareBridges).not.toHaveProperty('halted');
  });

  it.each<[string, unknown, RegExp]>([
    ['nobody listens', undefined, /^nobody listens at \/run\/openvswitch\/db.sock \(ENOENT\)$/],
    ['the answer is not understood', 'what', /EPROTO/],
  ])('are not seen, and nothing else is hidden, where %s', async (_, answer, cause) => {
    const { interfaces, softwareBridges } = await observeHost(hostWith(answer), { bridges: true });
    expect(interfaces).toHaveLength(1);
    expect(softwareBridges).toEqual({ kind: 'unseen', cause: expect.stringMatching(cause) });
  });
});

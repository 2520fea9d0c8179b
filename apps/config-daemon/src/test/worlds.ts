import { type DesiredInterface, type NodeStateSpec, type OvsBridge } from '@sriov/api';
import { type Kernel } from '@sriov/host';
import { parseWorld, type World } from '@sriov/host-sim';
import { novaFiles } from './test-guest.ts';
import { PORTS, testSpec } from './test-host.ts';
import { type Change, type TestWorld } from './world-host.ts';

/** The port at the index, as each world has it unless it says otherwise. */
const nic = (index: number, rest: object): object => ({
  address: PORTS[index],
  bridge: `0000:00:10.${index}`,
  name: `ens${index + 1}`,
  mac: `52:54:00:aa:00:${index + 1}0`,
  up: true,
  ...rest,
});

const worldOf = (nics: object[], rest: object = {}): World =>
  parseWorld({ latency: 'none', modules: ['igbvf', 'iavf', 'vfio-pci'], devicePlugin: true, nics, ...rest });

const twoOf = (model: string, rest: object = {}): object[] => [0, 1].map((index) => nic(index, { model, ...rest }));

/** What a spec wants of some VFs of a port. */
interface Group {
  readonly range: string;
  readonly deviceType?: string;
  readonly vdpaType?: string;
}

/** The same for both ports. */
function both(numVfs: number, groups: readonly Group[], rest: Partial<DesiredInterface> = {}): NodeStateSpec {
  const vfGroups = groups.map(({ range, deviceType = 'netdevice', ...more }, index) => ({
    resourceName: `r${index}`,
    policyName: 'p',
    deviceType,
    vfRange: range,
    ...more,
  }));
  return {
    interfaces: PORTS.map((pciAddress, index) => ({
      pciAddress,
      name: `ens${index + 1}`,
      numVfs,
      vfGroups,
      ...rest,
    })),
  };
}

/** The same for PFs whose VFs someone else makes. */
function external({ interfaces = [] }: NodeStateSpec): NodeStateSpec {
  return { interfaces: interfaces.map((entry) => ({ ...entry, externallyManaged: true })) };
}

/** Changes that any Ethernet port goes through. */
const ETHERNET: readonly Change[] = [
  ['VFs are made', [], testSpec(4, 2)],
  ['VFs change their driver and MTU', [testSpec(4, 2, 1500)], testSpec(4, 1)],
  ['VFs change their MTU', [testSpec(4, 2, 1500)], testSpec(4, 2)],
  ['the number of VFs changes', [testSpec(4, 2)], testSpec(2, 1)],
  ['everything is given back', [testSpec(4, 2)], {}],
];

const HANDOVERS: readonly Change[] = [
  ['VFs are handed over to someone else', [testSpec(4, 2)], external(testSpec(4, 1))],
  ['VFs come back from someone else', [testSpec(4, 2), external(testSpec(4, 1))], testSpec(4, 2)],
  ['someone else keeps his VFs', [testSpec(4, 2), external(testSpec(4, 1))], {}],
];

const inMode = (eSwitchMode: string, numVfs: number): NodeStateSpec =>
  both(numVfs, [{ range: `0-${numVfs - 1}` }], { eSwitchMode });

/** Changes of ports with an eSwitch. */
const ESWITCH: readonly Change[] = [
  ['PFs without VFs come into switchdev mode', [], inMode('switchdev', 2)],
  ['PFs with VFs come into switchdev mode', [inMode('legacy', 2)], inMode('switchdev', 2)],
  ['PFs in switchdev mode get another number of VFs', [inMode('switchdev', 2)], inMode('switchdev', 3)],
  ['PFs go back to legacy mode', [inMode('switchdev', 2)], inMode('legacy', 2)],
  ['PFs in switchdev mode are given back', [inMode('switchdev', 2)], {}],
];

/** Two ports of the model whose VFs have different routing ids. */
const withESwitch = (model: string, rest: object = {}): object[] =>
  [0, 1].map((index) => nic(index, { model, vfOffset: 8 + 16 * index, mac: `b8:59:9f:00:00:${index + 1}0`, ...rest }));

/** Somebody has put both ports into switchdev mode, and given each so many VFs. */
const bySomebody =
  (numVfs: number) =>
  async (kernel: Kernel): Promise<void> => {
    for (const address of PORTS) {
      await kernel.exec('devlink', ['dev', 'eswitch', 'set', `pci/${address}`, 'mode', 'switchdev']);
      if (numVfs > 0) await kernel.write(`/sys/bus/pci/devices/${address}/sriov_numvfs`, `${numVfs}`);
    }
  };

const infiniBand = (index: number): object =>
  nic(index, {
    ...{ model: 'mlx5', linkType: 'IB', name: `ib${index}` },
    mac: `00:00:10:29:fe:80:00:00:00:00:00:00:b8:59:9f:03:00:f9:8f:8${index + 6}`,
  });

function infiniBandSpec(numVfs: number, groups: readonly Group[] = [{ range: `0-${numVfs - 1}` }]): NodeStateSpec {
  const { interfaces = [] } = both(numVfs, groups, { linkType: 'IB' });
  return { interfaces: interfaces.map((entry, index) => ({ ...entry, name: `ib${index}` })) };
}

const vdpa = (numVfs: number, ...groups: readonly Group[]): NodeStateSpec =>
  both(numVfs, groups, { eSwitchMode: 'switchdev' });

const VHOST = vdpa(2, { range: '0-1', vdpaType: 'vhost' });

const VDPA: readonly Change[] = [
  [
    'vDPA devices of both types are made',
    [],
    vdpa(3, { range: '0-0', vdpaType: 'vhost' }, { range: '1-1', vdpaType: 'virtio' }, { range: '2-2' }),
  ],
  ['vDPA devices are made of VFs that are there', [vdpa(2, { range: '0-1' })], VHOST],
  [
    'a vDPA device changes its type',
    [VHOST],
    vdpa(2, { range: '0-0', vdpaType: 'virtio' }, { range: '1-1', vdpaType: 'vhost' }),
  ],
  ['vDPA devices go', [VHOST], vdpa(2, { range: '0-1' })],
  ['vDPA devices go for vfio-pci', [VHOST], vdpa(2, { range: '0-1', deviceType: 'vfio-pci' })],
  [
    'vDPA devices go with another number of VFs, and are made again',
    [VHOST],
    vdpa(3, { range: '0-2', vdpaType: 'vhost' }),
  ],
  ['vDPA devices are given back with their VFs', [VHOST], {}],
];

/** A bridge for each port, named as the policy controller names it unless a prefix is given. */
function bridged(bridge: OvsBridge['bridge'], numVfs = 2, prefix = 'br'): NodeStateSpec {
  const spec = both(numVfs, [], { eSwitchMode: 'switchdev' });
  const ovs = PORTS.map((pciAddress, index) => ({
    name: `${prefix}-${pciAddress.replaceAll(':', '_')}`,
    bridge,
    uplinks: [{ pciAddress, name: `ens${index + 1}`, interface: {} }],
  }));
  return { ...spec, bridges: { ovs } };
}

const SETTINGS = { failMode: 'secure', externalIDs: { a: '1', b: '2' } } as const;

const BRIDGES: readonly Change[] = [
  ['bridges are made', [], bridged(SETTINGS)],
  ['bridges are changed', [bridged(SETTINGS)], bridged({ externalIDs: { b: '3' }, otherConfig: { c: '4' } })],
  ['their uplinks get other VFs', [bridged(SETTINGS)], bridged(SETTINGS, 3)],
  ['bridges go', [bridged(SETTINGS)], both(2, [], { eSwitchMode: 'switchdev' })],
  ['bridges go with their VFs', [bridged(SETTINGS)], {}],
  ['other bridges take their place', [bridged(SETTINGS)], bridged({}, 2, 'other')],
];

const GUEST_MACS = ['fa:16:3e:00:00:04', 'fa:16:3e:00:00:05'];

/** Both ports of a guest, each for vfio-pci or for the kernel. */
const guest = (deviceType: 'vfio-pci' | 'netdevice'): NodeStateSpec => both(1, [{ range: '0-0', deviceType }]);

/** Hosts on which a daemon may be killed, and on which any call may fail. */
export const WORLDS: Readonly<Record<string, TestWorld>> = {
  'two ports of igb': { world: worldOf(twoOf('igb')), pfs: PORTS, changes: [...ETHERNET, ...HANDOVERS] },
  'two ports of mlx5, and the device plugin of somebody else': {
    // The daemon has the driver steer flows, and turns the offload of traffic rules on.
    world: worldOf(withESwitch('mlx5', { flowSteering: 'dmfs' }), { devicePlugin: false }),
    pfs: PORTS,
    changes: [...ETHERNET, ...ESWITCH],
  },
  'two ports of ice': { world: worldOf(withESwitch('ice')), pfs: PORTS, changes: ESWITCH },
  'two InfiniBand ports of mlx5': {
    world: worldOf([infiniBand(0), infiniBand(1)]),
    pfs: PORTS,
    changes: [
      ['VFs are made', [], infiniBandSpec(2)],
      [
        'VFs change their driver',
        [infiniBandSpec(2)],
        infiniBandSpec(2, [{ range: '0-0', deviceType: 'vfio-pci' }, { range: '1-1' }]),
      ],
      ['the number of VFs changes', [infiniBandSpec(2)], infiniBandSpec(3)],
      ['everything is given back', [infiniBandSpec(2)], {}],
    ],
  },
  'two ports of mlx5 whose VFs have vDPA devices': {
    world: worldOf(withESwitch('mlx5')),
    pfs: PORTS,
    prepare: bySomebody(0),
    changes: VDPA,
  },
  'two ports of mlx5 that are uplinks of bridges of Open vSwitch': {
    world: worldOf(withESwitch('mlx5')),
    pfs: PORTS,
    prepare: bySomebody(2),
    hasBridges: true,
    changes: BRIDGES,
  },
  'two ports of a guest of OpenStack': {
    world: worldOf(
      [
        nic(0, { model: 'virtio', mac: GUEST_MACS[0] }),
        nic(1, { model: 'iavf', mac: GUEST_MACS[1] }),
        { model: 'virtio', address: '0000:00:03.0', name: 'ens3', mac: 'fa:16:3e:00:00:03', up: true },
      ],
      {
        iommu: false,
        defaultRoute: 'ens3',
        modules: [],
        dmi: { sys_vendor: 'OpenStack Foundation', product_name: 'OpenStack Nova' },
        configDrive: {
          files: novaFiles({
            [GUEST_MACS[0] ?? '']: 'da5bb487',
            [GUEST_MACS[1] ?? '']: '6ad2b4f2',
            'fa:16:3e:00:00:03': '0a0b0c0d',
          }),
        },
      },
    ),
    pfs: [...PORTS, '0000:00:03.0'],
    isGuest: true,
    changes: [
      ['ports are bound to vfio-pci', [], guest('vfio-pci')],
      ['ports come back to the kernel', [guest('vfio-pci')], guest('netdevice')],
      ['ports are given back', [guest('vfio-pci')], {}],
    ],
  },
};

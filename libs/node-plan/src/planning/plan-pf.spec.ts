import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { describePfStep, describeVfStep } from '../words/describe-plan.ts';
import { planHost } from './plan-host.ts';
import { netdevice, PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';

const kernel = { resourceName: 'k', policyName: 'kernel', deviceType: 'netdevice' };
const dpdk = { resourceName: 'd', policyName: 'dpdk', deviceType: 'vfio-pci' };

const plan = (observed: ObservedPf, desired: Partial<DesiredInterface>): ReturnType<typeof planHost> =>
  planHost(testFacts([observed], [{ pciAddress: PF, name: 'ens1', ...desired }]));

/** The steps as lines, `VF N: ` in front of those of a VF. */
function steps(observed: ObservedPf, desired: Partial<DesiredInterface>): string[] {
  const { pfs, problems } = plan(observed, desired);
  expect(problems).toEqual([]);
  return pfs.flatMap(({ before, vfs, after }) => [
    ...before.map(describePfStep),
    ...vfs.flatMap((vf) => vf.steps.map((step) => `VF ${vf.id}: ${describeVfStep(step)}`)),
    ...after.map(describePfStep),
  ]);
}

const withVfs = (...vfs: ObservedVf[]): ObservedPf => testPf(vfs);
const four = [0, 1, 2, 3].map((id) => netdevice(id));
const unheardOf = testPf([], { driver: 'unheard_of' });
const inPod = [{ kind: 'namespace' }] as const;
const off = { totalVfs: 7, autoprobe: false, vfs: [] };

describe('the steps for one PF', () => {
  it.each<[string, ObservedPf, Partial<DesiredInterface>, string[]]>([
    [
      'VFs are made without a driver, get their address, and are bound once',
      testPf(),
      {
        numVfs: 2,
        vfGroups: [
          { ...kernel, vfRange: '0-0', mtu: 9000 },
          { ...dpdk, vfRange: '1-1' },
        ],
      },
      [
        'turn driver probing of new VFs off',
        'create 2 VFs',
        'VF 0: set its MAC address',
        'VF 0: bind igbvf',
        'VF 0: set its MTU to 9000',
        'VF 1: set its MAC address',
        'VF 1: bind vfio-pci',
        'turn driver probing of new VFs on',
      ],
    ],
    [
      'the name that a driver of the kernel was bound by goes where it was left behind, whoever has the VF',
      withVfs(
        netdevice(0, { driverOverride: 'igbvf' }),
        netdevice(1, { driverOverride: 'igbvf', uses: inPod }),
        testVf(2, { driver: 'vfio-pci', driverOverride: 'vfio-pci' }),
        netdevice(3, { driverOverride: 'ixgbevf' }),
        netdevice(4),
      ),
      {
        numVfs: 5,
        vfGroups: [
          { ...kernel, vfRange: '0-1' },
          { ...dpdk, vfRange: '2-2' },
          { ...kernel, vfRange: '3-4' },
        ],
      },
      ['VF 0: let it have any driver again', 'VF 1: let it have any driver again'],
    ],
    [
      'the name is not taken from a VF that gets another driver: that is bound by a name as well',
      withVfs(netdevice(0, { driverOverride: 'igbvf' })),
      { numVfs: 1, vfGroups: [{ ...dpdk, vfRange: '0-0' }] },
      ['VF 0: unbind its driver', 'VF 0: set its MAC address', 'VF 0: bind vfio-pci'],
    ],
    [
      'a VF that someone else has made keeps it where no policy asks for the VF',
      withVfs(netdevice(0, { driverOverride: 'igbvf' }), netdevice(1, { driverOverride: 'igbvf' })),
      { numVfs: 2, externallyManaged: true, vfGroups: [{ ...kernel, vfRange: '1-1' }] },
      ['VF 1: let it have any driver again'],
    ],
    [
      'driver probing that was off stays off',
      testPf([], { sriov: off }),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      ['create 1 VF', 'VF 0: set its MAC address', 'VF 0: bind igbvf'],
    ],
    [
      'VFs of a driver that we do not know are left to the kernel',
      unheardOf,
      { numVfs: 2, vfGroups: [{ ...kernel, vfRange: '0-1' }] },
      ['create 2 VFs'],
    ],
    [
      'a VF of a driver that we do not know, and that has none, gets what the kernel chooses',
      { ...unheardOf, sriov: { ...off, autoprobe: true, vfs: [testVf(0, { adminMac: '02:00:00:00:00:01' })] } },
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      ['VF 0: bind default'],
    ],
    [
      'VFs in no group are made and left alone',
      testPf(),
      { numVfs: 3 },
      ['turn driver probing of new VFs off', 'create 3 VFs', 'turn driver probing of new VFs on'],
    ],
    ['no VFs means that all are removed', withVfs(...four), { numVfs: 0 }, ['remove all VFs']],
    ['the MTU of the PF is raised', testPf(), { numVfs: 0, mtu: 9000 }, ['set the MTU of the PF to 9000']],
    [
      'the MTU of the PF is raised right before VFs are made, so that its link is interrupted once',
      testPf(),
      { numVfs: 1, mtu: 9000, vfGroups: [{ ...kernel, vfRange: '0-0', mtu: 9000 }] },
      [
        'turn driver probing of new VFs off',
        'set the MTU of the PF to 9000',
        'create 1 VF',
        'VF 0: set its MAC address',
        'VF 0: bind igbvf',
        'VF 0: set its MTU to 9000',
        'turn driver probing of new VFs on',
      ],
    ],
    [
      'the MTU of the PF is raised between the old VFs and the new ones, so that its link is interrupted once',
      withVfs(...four),
      { numVfs: 2, mtu: 9000 },
      [
        'turn driver probing of new VFs off',
        'remove all VFs',
        'set the MTU of the PF to 9000',
        'create 2 VFs',
        'turn driver probing of new VFs on',
      ],
    ],
    [
      'the MTU of the PF is raised right after its VFs were removed, so that its link is interrupted once',
      withVfs(...four),
      { numVfs: 0, mtu: 9000 },
      ['remove all VFs', 'set the MTU of the PF to 9000'],
    ],
    [
      'the MTU of the PF is raised in place, and the VFs stay',
      withVfs(...four),
      { numVfs: 4, mtu: 9000 },
      ['set the MTU of the PF to 9000'],
    ],
    [
      'another number of VFs leaves the MTU alone, and goes through none',
      withVfs(...four),
      { numVfs: 2, mtu: 1500 },
      ['turn driver probing of new VFs off', 'remove all VFs', 'create 2 VFs', 'turn driver probing of new VFs on'],
    ],
    ['the MTU of the PF is never lowered', testPf([], { link: testLink({ mtu: 9000 }) }), { mtu: 1500 }, []],
    ['a link that is down is set up', testPf([], { link: testLink({ up: false }) }), {}, ['set the link up']],
    [
      'a link that is down is set up before VFs are bound, which ask the PF for their address then',
      testPf([], { link: testLink({ up: false }) }),
      { numVfs: 1, mtu: 9000, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      [
        'turn driver probing of new VFs off',
        'set the MTU of the PF to 9000',
        'create 1 VF',
        'set the link up',
        'VF 0: set its MAC address',
        'VF 0: bind igbvf',
        'turn driver probing of new VFs on',
      ],
    ],
    ['a PF without an interface has no link to set up', withoutLink({ driver: 'unheard_of' }), {}, []],
    ['an interface is not missed where a pod has the PF with its interface', withoutLink({ uses: inPod }), {}, []],
    [
      'an InfiniBand port of another driver need not have an interface',
      withoutLink({ driver: 'unheard_of', linkType: 'IB' }),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      ['create 1 VF'],
    ],
    [
      'a VF without a driver is bound',
      withVfs(testVf(0), netdevice(1)),
      { numVfs: 2, vfGroups: [{ ...kernel, vfRange: '0-1' }] },
      ['VF 0: set its MAC address', 'VF 0: bind igbvf'],
    ],
    [
      'a VF that the PF has given an address keeps it',
      withVfs(testVf(0, { adminMac: '02:00:00:00:00:01' })),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      ['VF 0: bind igbvf'],
    ],
    [
      'a VF without a driver in no group stays without',
      withVfs(netdevice(0), netdevice(1), testVf(2)),
      { numVfs: 3, vfGroups: [{ ...kernel, vfRange: '0-1' }] },
      [],
    ],
    [
      'vfio-pci gives way to the kernel driver',
      withVfs(netdevice(0), testVf(1, { driver: 'vfio-pci', adminMac: '02:00:00:00:00:01' })),
      { numVfs: 2, vfGroups: [{ ...kernel, vfRange: '0-1' }] },
      ['VF 1: unbind its driver', 'VF 1: bind igbvf'],
    ],
    [
      'the kernel driver gives way to vfio-pci',
      withVfs(netdevice(0, { adminMac: '02:00:00:00:00:01' })),
      { numVfs: 1, vfGroups: [{ ...dpdk, vfRange: '0-0' }] },
      ['VF 0: unbind its driver', 'VF 0: bind vfio-pci'],
    ],
    [
      'any kernel driver will do for a netdevice',
      withVfs(netdevice(0, { driver: 'some_vf' })),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      [],
    ],
    [
      'the first of two groups that have a VF counts',
      withVfs(...four),
      {
        numVfs: 4,
        vfGroups: [
          { ...kernel, vfRange: '0-3' },
          { ...dpdk, vfRange: '2-3' },
        ],
      },
      [],
    ],
    [
      'the MTU of a VF is set in place',
      withVfs(...four),
      { numVfs: 4, mtu: 0, vfGroups: [{ ...kernel, vfRange: '2-2', mtu: 9000 }] },
      ['VF 2: set its MTU to 9000'],
    ],
    [
      'the MTU of a VF in a pod is none of our business',
      withVfs(testVf(0, { driver: 'igbvf', uses: inPod })),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0', mtu: 9000 }] },
      [],
    ],
    [
      'VFs that someone else made are bound, and their PF is left alone',
      testPf([testVf(0, { adminMac: '02:00:00:00:00:01' }), testVf(1)], {
        sriov: { ...off, vfs: [testVf(0, { adminMac: '02:00:00:00:00:01' }), testVf(1)] },
      }),
      { externallyManaged: true, numVfs: 1, vfGroups: [{ ...dpdk, vfRange: '0-0' }] },
      ['VF 0: bind vfio-pci'],
    ],
    [
      'an InfiniBand VF has no MAC address to set',
      testPf([testVf(0)], { driver: 'mlx5_core', linkType: 'IB' }),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0' }] },
      ['VF 0: set its GUIDs', 'VF 0: let its link follow the PF', 'VF 0: bind mlx5_core'],
    ],
  ])('%s', (_, observed, desired, expected) => {
    expect(steps(observed, desired)).toEqual(expected);
  });
});

function withoutLink(change: Partial<ObservedPf> = {}): ObservedPf {
  const { link: _, ...rest } = testPf([], change);
  return rest;
}

function without(key: 'driver' | 'sriov' | 'iommuGroup', vfs = four): ObservedPf {
  const { [key]: _, ...rest } = testPf(vfs);
  return rest;
}

describe('what cannot be done to a PF is said, and nothing is done', () => {
  it.each<[string, ObservedPf, Partial<DesiredInterface>, string, string]>([
    [
      'no driver',
      without('driver'),
      {},
      'Unsupported',
      'no driver is bound to the PF: load its driver, or look into dmesg why it does not bind',
    ],
    [
      'no SR-IOV',
      without('sriov'),
      {},
      'Unsupported',
      'the PF has no SR-IOV capability: on bare metal, switch SR-IOV on in the firmware of the NIC and the BIOS; on a virtual machine, the metadata of the platform has to name the network of the port',
    ],
    ['more VFs than there can be', testPf(), { numVfs: 8 }, 'SpecInvalid', '8 VFs are wanted, and the PF can have 7'],
    ['fewer VFs than none', withVfs(...four), { numVfs: -1 }, 'SpecInvalid', '-1 VFs are wanted'],
    [
      'switchdev',
      testPf(),
      { eSwitchMode: 'switchdev' },
      'Unsupported',
      'eSwitch mode switchdev is wanted, and the PF has no eSwitch whose mode can be changed: its driver igb offers none to devlink',
    ],
    [
      'VFs, and nobody can tell its eSwitch mode',
      testPf([], { eSwitchUnknown: 'devlink -j dev show: kernel answers: Operation not permitted' }),
      {},
      'InterfaceUnreadable',
      'the eSwitch mode could not be read (devlink -j dev show: kernel answers: Operation not permitted): the PF is left as it is until it can',
    ],
    [
      'another link type',
      testPf(),
      { linkType: 'ib' },
      'Unsupported',
      'link type ib is wanted, and nothing can change ETH on this device',
    ],
    [
      'vDPA in legacy mode',
      testPf(),
      { numVfs: 1, vfGroups: [{ ...kernel, vfRange: '0-0', vdpaType: 'vhost' }] },
      'SpecInvalid',
      'vDPA devices are wanted, and eSwitch mode legacy: set eSwitchMode switchdev in all policies of the PF, or remove vdpaType',
    ],
    [
      'an MTU beyond what the device can have',
      testPf(),
      { mtu: 9217 },
      'SpecInvalid',
      'MTU 9217 is wanted, and the device can have 9216',
    ],
    [
      'externallyManaged, and its owner has made fewer VFs',
      withVfs(...four),
      { externallyManaged: true, numVfs: 5 },
      'SpecInvalid',
      'externallyManaged: 5 VFs are wanted, and its owner has made 4',
    ],
    [
      'externallyManaged, and its owner has set a smaller MTU',
      withVfs(...four),
      { externallyManaged: true, numVfs: 4, mtu: 9000 },
      'SpecInvalid',
      'externallyManaged: MTU 9000 is wanted, and its owner has set 1500',
    ],
    [
      'a range that is none',
      testPf(),
      { numVfs: 4, vfGroups: [{ ...kernel, vfRange: '3' }] },
      'SpecInvalid',
      'group k of policy kernel: "3" is not a VF range of the form first-last, such as 0-3',
    ],
    [
      'a range beyond the VFs',
      testPf(),
      { numVfs: 4, vfGroups: [{ ...kernel, vfRange: '0-4' }] },
      'SpecInvalid',
      'group k of policy kernel: the range 0-4 goes beyond the last VF, 3',
    ],
    [
      'an unknown device type',
      testPf(),
      { numVfs: 4, vfGroups: [{ ...kernel, vfRange: '0-3', deviceType: 'uio' }] },
      'SpecInvalid',
      'group k of policy kernel: unknown deviceType uio',
    ],
    [
      'an MTU of a group below nothing',
      testPf(),
      { numVfs: 4, vfGroups: [{ ...kernel, vfRange: '0-3', mtu: -1 }] },
      'SpecInvalid',
      'group k of policy kernel: MTU -1 is wanted',
    ],
    [
      'VFs in use would have to go',
      withVfs(
        netdevice(0),
        testVf(1, { driver: 'vfio-pci', uses: [{ kind: 'process', pid: 4711, command: 'qemu-kvm' }] }),
      ),
      { numVfs: 4 },
      'VirtualFunctionInUse',
      'changing the number of VFs from 2 to 4 removes VFs that are in use (VF 1 by process 4711 (qemu-kvm)): nothing is done until they are free',
    ],
    [
      'a pod has the PF itself',
      testPf([], { uses: inPod }),
      { numVfs: 4 },
      'VirtualFunctionInUse',
      'changing the number of VFs from 0 to 4 interrupts its link, and it is in use by a pod (its interface is in another network namespace): nothing is done until it is free',
    ],
    [
      'the host needs the link',
      testPf([], { uses: [{ kind: 'default-route' }] }),
      { numVfs: 4 },
      'HostInterface',
      'changing the number of VFs from 0 to 4 interrupts its link, and it is in use by the host (its default route): set CONFIGURE_HOST_INTERFACES=true for the config daemon if that is wanted',
    ],
    [
      'the host needs the link, and another MTU is wanted',
      testPf([], { uses: [{ kind: 'part-of', master: 'bond0' }] }),
      { mtu: 9000 },
      'HostInterface',
      'setting its MTU to 9000 interrupts its link, and it is in use by the host (part of bond0): set CONFIGURE_HOST_INTERFACES=true for the config daemon if that is wanted',
    ],
  ])('%s', (_, observed, desired, reason, message) => {
    const { pfs, problems, taken } = plan(observed, desired);
    expect(problems).toEqual([{ pciAddress: PF, reason, message: `ens1 (${PF}): ${message}` }]);
    expect(pfs).toEqual([]);
    expect(taken).toEqual([]);
  });
});

describe('a PF whose driver is there, and whose interface is not there yet', () => {
  const message = `${PF}: its driver igb shows no network interface: nothing is done to the PF until there is one`;
  const { link: _, ...withVf } = testPf([netdevice(0)]);

  it('gets no VFs, as they would get no MAC addresses', () => {
    const { pfs, problems } = plan(withoutLink(), { numVfs: 4 });
    expect([pfs, problems]).toEqual([[], [{ pciAddress: PF, reason: 'InterfaceNotFound', message }]]);
  });

  it('keeps its VFs when no policy wants them: whether the host uses the PF is not known', () => {
    const owned = new Map([[PF, { pciAddress: PF, numVfs: 1 }]]);
    const { pfs, problems, released } = planHost(testFacts([withVf], [], { owned }));
    expect([pfs, problems, released]).toEqual([[], [{ pciAddress: PF, reason: 'InterfaceNotFound', message }], []]);
  });
});

describe('the MAC address of a VF that gets another driver, and that the PF prescribes none', () => {
  const macs = (observed: ObservedPf, externallyManaged: boolean): string[] =>
    plan(observed, { numVfs: 1, externallyManaged, vfGroups: [{ ...dpdk, vfRange: '0-0' }] }).pfs.flatMap(({ vfs }) =>
      vfs.flatMap((vf) => vf.steps.flatMap((step) => (step.kind === 'set-vf-mac' ? [step.mac] : []))),
    );
  const none = testLink({ mac: '00:00:00:00:00:00' });
  const stable = '02:08:49:85:46:0d';

  it.each<[string, ObservedPf, boolean, string[]]>([
    ['stays, where someone else has made the VF', withVfs(netdevice(0)), true, ['02:00:00:00:00:00']],
    ['is made, where it has none', withVfs(netdevice(0, { link: none })), true, [stable]],
    ['is made, where the VF is ours', withVfs(netdevice(0)), false, [stable]],
    [
      "is its owner's business, where the PF prescribes one",
      withVfs(netdevice(0, { adminMac: '02:00:00:00:00:77' })),
      true,
      [],
    ],
  ])('%s', (_, observed, isExternal, expected) => {
    expect(macs(observed, isExternal)).toEqual(expected);
  });
});

describe('what can be done beside what cannot', () => {
  const both = [
    { ...dpdk, vfRange: '0-1' },
    { ...kernel, vfRange: '2-3', mtu: 9000 },
  ];

  it('without an IOMMU the groups of the kernel driver are served', () => {
    const { pfs, problems } = plan(without('iommuGroup'), { numVfs: 4, vfGroups: both });
    expect(pfs.flatMap(({ vfs }) => vfs.map(({ id }) => id))).toEqual([2, 3]);
    expect(problems).toEqual([
      {
        pciAddress: PF,
        reason: 'IommuOff',
        message: `ens1 (${PF}): VFs 0-1 cannot be bound to vfio-pci, because the IOMMU is off: enable it in the BIOS, and boot an Intel machine with intel_iommu=on`,
      },
    ]);
  });

  it('a VF in use waits, and the others do not', () => {
    const vfs = [netdevice(0), testVf(1, { driver: 'igbvf', uses: inPod }), ...four.slice(2)];
    const { pfs, problems } = plan(testPf(vfs), { numVfs: 4, vfGroups: both });
    expect(pfs.flatMap((each) => each.vfs.map(({ id }) => id))).toEqual([0, 2, 3]);
    expect(problems).toEqual([
      {
        pciAddress: PF,
        reason: 'VirtualFunctionInUse',
        message: `ens1 (${PF}): VF 1 has driver igbvf, not vfio-pci, and it is in use by a pod (its interface is in another network namespace): it is left alone until it is free`,
      },
    ]);
  });

  it('on a PF that the host needs, VFs that are there are served', () => {
    const observed = testPf(four, { uses: [{ kind: 'default-route' }] });
    const { pfs, problems } = plan(observed, { numVfs: 4, mtu: 9000, vfGroups: both });
    expect(pfs.map(({ before, vfs }) => [before, vfs.map(({ id }) => id)])).toEqual([[[], [0, 1, 2, 3]]]);
    expect(problems.map(({ reason }) => reason)).toEqual(['HostInterface']);
  });
});

describe('the reasons of a plan', () => {
  it('are one sentence per difference', () => {
    const observed = testPf([netdevice(0), testVf(1)], { link: testLink({ up: false, maxMtu: 9216 }) });
    const vfGroups = [
      { ...dpdk, vfRange: '0-0' },
      { ...kernel, vfRange: '1-1' },
    ];
    expect(plan(observed, { numVfs: 2, mtu: 9000, vfGroups }).pfs[0]?.because).toEqual([
      'the MTU is 1500, and 9000 is wanted',
      'the link is down',
      'VF 0 has driver igbvf, not vfio-pci',
      'VF 1 has no driver, not igbvf',
    ]);
  });

  it('begin with the number of VFs where that is what is changed', () => {
    expect(plan(withVfs(...four), { numVfs: 7, mtu: 9000 }).pfs[0]?.because).toEqual([
      'the number of VFs is 4, not 7',
      'the MTU is 1500, and 9000 is wanted',
    ]);
  });
});

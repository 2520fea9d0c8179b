import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { carryOut, netdevice, PF, testFacts, testPf, testVf } from '../test/test-host.ts';
import { describePlan } from '../words/describe-plan.ts';
import { planHost } from './plan-host.ts';
import { type HostPlan } from './steps.ts';

const nameOf = (id: number): string => `vdpa:0000:01:10.${id}`;

/** A VF of mlx5 with its kernel driver, and a vDPA device of ours bound to a driver, or to none. */
const vf = (id: number, driver?: string, change: Partial<ObservedVf> = {}): ObservedVf =>
  netdevice(id, {
    driver: 'mlx5_core',
    vdpa: [{ name: nameOf(id), ...(driver !== undefined && { driver }) }],
    ...change,
  });
/** One without a vDPA device. */
const plain = (id: number, change: Partial<ObservedVf> = {}): ObservedVf =>
  netdevice(id, { driver: 'mlx5_core', ...change });

const pf = (...vfs: ObservedVf[]): ObservedPf =>
  testPf(vfs, { vendor: '15b3', driver: 'mlx5_core', eSwitchMode: 'switchdev' });

function plan(
  observed: ObservedPf,
  vfGroups: DesiredInterface['vfGroups'],
  change: Partial<DesiredInterface> = {},
): HostPlan {
  const numVfs = observed.sriov?.vfs.length ?? 0;
  return planHost(testFacts([observed], [{ pciAddress: PF, eSwitchMode: 'switchdev', numVfs, vfGroups, ...change }]));
}

const vhost = { vfRange: '0-0', vdpaType: 'vhost' };
const virtio = { vfRange: '0-0', vdpaType: 'virtio' };
const none = { vfRange: '0-0' };
const load = (module: string): string => `load kernel module ${module} unless it is loaded`;
const mine = `ens1 (${PF})`;

describe('vDPA devices', () => {
  it.each<[string, HostPlan, string[]]>([
    [
      'are made of VFs that have their kernel driver, and nothing else happens to these',
      plan(pf(plain(0), plain(1)), [{ ...vhost, vfRange: '0-1' }]),
      [
        load('mlx5_vdpa'),
        load('vhost_vdpa'),
        `${mine}:`,
        '  because VF 0 has no vDPA device of ours',
        '  because VF 1 has no vDPA device of ours',
        '  VF 0-1: make its vDPA device, bind its vDPA device to vhost_vdpa',
      ],
    ],
    [
      'of other VFs are not touched',
      plan(pf(vf(0, 'vhost_vdpa'), plain(1), vf(2, 'virtio_vdpa')), [vhost, { ...virtio, vfRange: '1-1' }]),
      [
        load('mlx5_vdpa'),
        load('virtio_vdpa'),
        `${mine}:`,
        '  because VF 1 has no vDPA device of ours',
        '  VF 1: make its vDPA device, bind its vDPA device to virtio_vdpa',
      ],
    ],
    ['stay as they are where they are as wanted', plan(pf(vf(0, 'virtio_vdpa')), [virtio]), []],
    [
      'are bound to another driver where they have a wrong one',
      plan(pf(vf(0, 'virtio_vdpa')), [vhost]),
      [
        load('vhost_vdpa'),
        `${mine}:`,
        '  because the vDPA device of VF 0 has driver virtio_vdpa, not vhost_vdpa',
        '  VF 0: bind its vDPA device to vhost_vdpa',
      ],
    ],
    [
      'are bound where they have no driver',
      plan(pf(vf(0)), [virtio]),
      [
        load('virtio_vdpa'),
        `${mine}:`,
        '  because the vDPA device of VF 0 has no driver, not virtio_vdpa',
        '  VF 0: bind its vDPA device to virtio_vdpa',
      ],
    ],
    [
      'are removed where none is wanted any more',
      plan(pf(vf(0, 'vhost_vdpa')), [none]),
      [`${mine}:`, '  because VF 0 has a vDPA device, and none is wanted', '  VF 0: remove its vDPA device'],
    ],
    ['stay on VFs that are in no group', plan(pf(vf(0, 'vhost_vdpa')), []), []],
    [
      'are removed before their VFs lose their driver',
      plan(pf(vf(0, 'vhost_vdpa', { adminMac: '02:00:00:00:00:01' })), [{ ...none, deviceType: 'vfio-pci' }]),
      [
        load('vfio-pci'),
        load('vfio_iommu_type1'),
        `${mine}:`,
        '  because VF 0 has driver mlx5_core, not vfio-pci',
        '  because VF 0 has a vDPA device, and none is wanted',
        '  VF 0: remove its vDPA device, unbind its driver, bind vfio-pci',
      ],
    ],
    [
      'are made of VFs that get their kernel driver and MTU before',
      plan(pf(testVf(0, { driver: 'vfio-pci', adminMac: '02:00:00:00:00:01' })), [{ ...vhost, mtu: 9000 }]),
      [
        load('mlx5_vdpa'),
        load('vhost_vdpa'),
        `${mine}:`,
        '  because VF 0 has driver vfio-pci, not mlx5_core',
        '  because VF 0 has no vDPA device of ours',
        '  VF 0: unbind its driver, bind mlx5_core, set its MTU to 9000, make its vDPA device, bind its vDPA device to vhost_vdpa',
      ],
    ],
    [
      'are removed before all VFs go, and made of the new ones',
      plan(pf(vf(0, 'vhost_vdpa')), [vhost], { numVfs: 2 }),
      [
        load('mlx5_vdpa'),
        load('vhost_vdpa'),
        `${mine}:`,
        '  because the number of VFs is 1, not 2',
        '  turn driver probing of new VFs off',
        '  remove the vDPA devices of its VFs',
        '  remove all VFs',
        '  set the eSwitch mode to legacy',
        '  create 2 VFs',
        '  set the eSwitch mode to switchdev',
        '  VF 0: set its MAC address, bind mlx5_core, make its vDPA device, bind its vDPA device to vhost_vdpa',
        '  turn driver probing of new VFs on',
      ],
    ],
    [
      'of VFs that somebody else manages are ours all the same',
      plan(pf(plain(0)), [vhost], { externallyManaged: true }),
      [
        load('mlx5_vdpa'),
        load('vhost_vdpa'),
        `${mine}:`,
        '  because VF 0 has no vDPA device of ours',
        '  VF 0: make its vDPA device, bind its vDPA device to vhost_vdpa',
      ],
    ],
  ])('%s', (_, made, expected) => expect(describePlan(made)).toEqual(expected));

  it('are removed before VFs that no policy wants any more', () => {
    const owned = new Map([[PF, { pciAddress: PF, numVfs: 1, eSwitchMode: 'switchdev', vfGroups: [vhost] }]]);
    const { pfs } = planHost(testFacts([pf(vf(0, 'vhost_vdpa'))], [], { owned }));
    const kinds = pfs.flatMap(({ before }) => before.map(({ kind }) => kind));
    expect(kinds.slice(0, 2)).toEqual(['remove-vdpas', 'set-num-vfs']);
  });

  it.each<[string, ObservedPf, DesiredInterface['vfGroups'], Partial<DesiredInterface>]>([
    ['made of new VFs', pf(), [vhost], { numVfs: 1 }],
    ['bound', pf(vf(0, 'virtio_vdpa')), [vhost], {}],
    ['removed', pf(vf(0, 'virtio_vdpa')), [none], {}],
    ['made of one VF more', pf(vf(0, 'vhost_vdpa')), [{ ...vhost, vfRange: '0-1' }], { numVfs: 2 }],
  ])('are as wanted once they are %s', (_, observed, vfGroups, change) => {
    const desired = [{ pciAddress: PF, eSwitchMode: 'switchdev', numVfs: 1, vfGroups, ...change }];
    const facts = testFacts([observed], desired);
    const after = carryOut(facts.observed, planHost(facts));
    expect(describePlan(planHost({ ...facts, observed: after }))).toEqual([]);
  });
});

describe('a VF keeps the vDPA device that it has, and gets none,', () => {
  const process = { uses: [{ kind: 'process', pid: 4711, command: 'qemu-kvm' }] } as const;
  const foreign = { vdpa: [{ name: 'vdpa0' }], uses: [{ kind: 'vdpa', name: 'vdpa0' }] } as const;
  const unknown = {
    vdpaUnknown: 'the vDPA devices of the host cannot be read (EIO)',
    uses: [{ kind: 'unknown', cause: 'the vDPA devices of the host cannot be read (EIO)' }],
  } as const;

  it.each<[string, HostPlan, string]>([
    [
      'while a guest has it open, whatever else is wanted',
      plan(pf(vf(0, 'vhost_vdpa', process)), [none]),
      'VirtualFunctionInUse: VF 0 has a vDPA device, and none is wanted, and it is in use by process 4711 (qemu-kvm): it is left alone until it is free',
    ],
    [
      'while a pod has its interface',
      plan(pf(vf(0, 'virtio_vdpa', { uses: [{ kind: 'namespace' }] })), [vhost]),
      'VirtualFunctionInUse: the vDPA device of VF 0 has driver virtio_vdpa, not vhost_vdpa, and it is in use by a pod (its interface is in another network namespace): it is left alone until it is free',
    ],
    [
      'while somebody else has made one of it',
      plan(pf(plain(0, foreign)), [vhost]),
      'VirtualFunctionInUse: VF 0 has no vDPA device of ours, and it is in use by vDPA device vdpa0, which somebody else has made: it is left alone until it is free',
    ],
    [
      'while nobody knows whether there is one',
      plan(pf(plain(0, unknown)), [vhost]),
      'InterfaceUnreadable: it is not known whether VF 0 has a vDPA device, because the vDPA devices of the host cannot be read (EIO): it is left alone until that is known',
    ],
    [
      'while nobody knows whether it would lose one with its driver',
      plan(pf(plain(0, unknown)), [{ ...none, deviceType: 'vfio-pci' }]),
      'VirtualFunctionInUse: VF 0 has driver mlx5_core, not vfio-pci, and it is in use by an unknown user, because something could not be read: the vDPA devices of the host cannot be read (EIO): it is left alone until it is free',
    ],
    [
      'while another VF of its PF would go that somebody else has made one of',
      plan(pf(plain(0, foreign)), [vhost], { numVfs: 2 }),
      'VirtualFunctionInUse: changing the number of VFs from 1 to 2 removes VFs that are in use (VF 0 by vDPA device vdpa0, which somebody else has made): nothing is done until they are free',
    ],
    [
      'where its PF has a driver that makes none',
      plan({ ...pf(plain(0)), driver: 'mlx4_core' }, [vhost]),
      'Unsupported: VFs 0-0 cannot have vDPA devices, because there is no kernel module that makes them where the driver of the PF is mlx4_core: remove vdpaType from the policy',
    ],
  ])('%s', (_, { pfs, problems }, expected) => {
    expect(pfs).toEqual([]);
    expect(problems.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      expected.replace(': ', `: ${mine}: `),
    ]);
  });

  it('and nobody is bothered with one that somebody else has made where none is wanted', () => {
    expect(describePlan(plan(pf(plain(0, foreign)), [none]))).toEqual([]);
  });

  it('and nothing is said of what is not known where none is wanted', () => {
    expect(describePlan(plan(pf(plain(0, unknown)), [none]))).toEqual([]);
  });
});

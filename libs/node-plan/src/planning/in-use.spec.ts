import { describe, expect, it } from '@jest/globals';
import { REASON } from '@sriov/api';
import { type DeviceUse } from '@sriov/observed-host';
import { netdevice, PF, testPf } from '../test/test-host.ts';
import { testPfPlan } from '../test/test-remainder.ts';
import { holderOf, isHostUse, pfsWithDisturbedVfs, withHolders } from './in-use.ts';
import { type PfPlan } from './steps.ts';

describe('a device is in use by', () => {
  const pod: DeviceUse = { kind: 'allocated', to: 'pod default/web' };
  const elsewhere: DeviceUse = { kind: 'namespace' };
  const program: DeviceUse = { kind: 'process', pid: 4711, command: 'qemu-kvm' };

  it.each<[string, readonly DeviceUse[], string | undefined]>([
    ['nobody', [], undefined],
    ['the pod that the kubelet has given it to', [pod], 'pod default/web'],
    ['that pod, wherever its interface is', [elsewhere, pod], 'pod default/web'],
    ['a pod that has its interface', [elsewhere], 'a pod (its interface is in another network namespace)'],
    ['a program', [program], 'process 4711 (qemu-kvm)'],
    ['a program without a name', [{ kind: 'process', pid: 7, command: '' }], 'process 7'],
    ['a pod, and the program in it', [pod, program], 'pod default/web, process 4711 (qemu-kvm)'],
    [
      'whoever has made a vDPA device of it',
      [{ kind: 'vdpa', name: 'vdpa0' }],
      'vDPA device vdpa0, which somebody else has made',
    ],
    [
      'the VLAN and the bond of the host',
      [
        { kind: 'part-of', master: 'bond9' },
        { kind: 'carries', name: 'ens1v0.477', type: 'vlan' },
      ],
      'the host (part of bond9, vlan ens1v0.477 on top of it)',
    ],
    [
      'whoever has its representor in a bridge',
      [{ kind: 'representor', name: 'ens1_0', master: 'ovs-system' }],
      'the host (its representor ens1_0 is part of ovs-system)',
    ],
    [
      'the host, in more ways than one wants to read',
      [1, 2, 3, 4, 5].map((octet) => ({ kind: 'address', address: `10.0.0.${octet}/24` })),
      'the host (address 10.0.0.1/24, address 10.0.0.2/24, address 10.0.0.3/24 and 2 more)',
    ],
    [
      'the host, in as many ways as one wants to read',
      [{ kind: 'default-route' }, { kind: 'route', destination: '10.0.0.0/8' }, { kind: 'carries', name: 'macvlan0' }],
      'the host (its default route, route to 10.0.0.0/8, interface macvlan0 on top of it)',
    ],
    [
      'somebody, when that cannot be read',
      [{ kind: 'unknown', cause: 'process 12: EACCES' }],
      'an unknown user, because something could not be read: process 12: EACCES',
    ],
    ['who is known, whatever else cannot be read', [{ kind: 'unknown', cause: 'EACCES' }, pod], 'pod default/web'],
  ])('%s', (_, uses, expected) => {
    expect(holderOf({ uses })).toBe(expected);
  });
});

describe('the host alone uses a device', () => {
  it.each<[string, boolean, readonly DeviceUse[] | undefined]>([
    ['as its default route', true, [{ kind: 'default-route' }]],
    ['as a part of a bond', true, [{ kind: 'part-of', master: 'bond0' }]],
    ['under a VLAN', true, [{ kind: 'carries', name: 'ens1.5', type: 'vlan' }]],
    [
      'for an address and a route',
      true,
      [
        { kind: 'address', address: '10.0.0.1/24' },
        { kind: 'route', destination: '10.0.0.0/24' },
      ],
    ],
    ['not beside a pod', false, [{ kind: 'default-route' }, { kind: 'namespace' }]],
    ['not when nobody uses it', false, []],
    ['not when nothing was found', false, undefined],
  ])('%s: %s', (_, expected, uses) => {
    expect(isHostUse(uses ? { uses } : {})).toBe(expected);
  });
});

describe('a plan disturbs the VFs of a PF', () => {
  const vfs = [{ id: 0, steps: [{ kind: 'unbind-vf' as const }] }];

  it.each<[string, boolean, number, Partial<PfPlan>]>([
    ['when it creates them again', true, 1, {}],
    ['when one of them gets a step', true, 1, { before: [], vfs }],
    ['not when it concerns the PF alone', false, 1, { before: [{ kind: 'set-pf-mtu', mtu: 9000 }] }],
    ['not when there are none', false, 0, { vfs }],
  ])('%s: %s', (_, isDisturbed, present, change) => {
    const interfaces = [testPf(Array.from({ length: present }, (_, id) => netdevice(id)))];
    const plan = { pfs: [testPfPlan(change)], problems: [] };
    expect(pfsWithDisturbedVfs(plan, { interfaces })).toEqual(isDisturbed ? [PF] : []);
  });

  it('when it would, and a VF is in use: the status names the pod', () => {
    const inUse = { pciAddress: PF, reason: REASON.vfInUse, message: 'in use' };
    const other = { pciAddress: PF, reason: REASON.interfaceNotFound, message: 'not there' };
    const interfaces = [testPf([netdevice(0)])];
    expect(pfsWithDisturbedVfs({ pfs: [], problems: [inUse] }, { interfaces })).toEqual([PF]);
    expect(pfsWithDisturbedVfs({ pfs: [], problems: [other] }, { interfaces })).toEqual([]);
  });

  it('not when the host does not show the PF, or shows it without SR-IOV', () => {
    const { sriov: _, ...pf } = testPf();
    const plan = { pfs: [testPfPlan(), testPfPlan({ pciAddress: '0000:02:00.0' })], problems: [] };
    expect(pfsWithDisturbedVfs(plan, { interfaces: [pf] })).toEqual([]);
  });
});

describe('a VF that somebody holds of whom only others know', () => {
  const to = 'a pod that is being given it';
  const who = (uses: DeviceUse[] | undefined, holders: [string, string][]): (string | undefined)[] => {
    const host = { interfaces: [testPf([netdevice(0, uses && { uses }), netdevice(1)])], problems: [] };
    const [pf] = withHolders(host, new Map(holders)).interfaces;
    return pf?.sriov?.vfs.map(holderOf) ?? [];
  };

  it.each<[string, DeviceUse[] | undefined, [string, string][], (string | undefined)[]]>([
    ['is in use', undefined, [['0000:01:10.0', to]], [to, undefined]],
    [
      'is in use by whoever used it before as well',
      [{ kind: 'process', pid: 7, command: 'x' }],
      [['0000:01:10.0', to]],
      [`${to}, process 7 (x)`, undefined],
    ],
    [
      'is in use by the pod whose name is known',
      [{ kind: 'allocated', to: 'pod a/b' }],
      [['0000:01:10.0', to]],
      ['pod a/b', undefined],
    ],
    ['is free where nobody is known', undefined, [], [undefined, undefined]],
    ['is none of the host', undefined, [['0000:09:10.0', to]], [undefined, undefined]],
  ])('%s', (_, uses, holders, expected) => expect(who(uses, holders)).toEqual(expected));

  it('may be on a host whose PFs have no VFs', () => {
    const { sriov: _, ...pf } = testPf();
    const host = { interfaces: [pf], problems: [] };
    expect(withHolders(host, new Map([['0000:01:10.0', to]]))).toEqual(host);
  });
});

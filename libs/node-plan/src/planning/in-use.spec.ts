import { describe, expect, it } from '@jest/globals';
import { type DeviceUse } from '@sriov/api';
import { holderOf } from './in-use.ts';

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
      'the VLAN and the bond of the host',
      [
        { kind: 'part-of', master: 'bond9' },
        { kind: 'carries', name: 'ens1v0.477', type: 'vlan' },
      ],
      'the host (part of bond9, vlan ens1v0.477 on top of it)',
    ],
    [
      'the host, in more ways than one wants to read',
      [1, 2, 3, 4, 5].map((octet) => ({ kind: 'address', address: `10.0.0.${octet}/24` })),
      'the host (address 10.0.0.1/24, address 10.0.0.2/24, address 10.0.0.3/24 and 2 more)',
    ],
    [
      'somebody, when that cannot be read',
      [{ kind: 'unknown', cause: 'process 12: EACCES' }],
      'somebody unknown, for all that can be seen: process 12: EACCES',
    ],
    ['who is known, whatever else cannot be read', [{ kind: 'unknown', cause: 'EACCES' }, pod], 'pod default/web'],
  ])('%s', (_, uses, expected) => {
    expect(holderOf({ uses })).toBe(expected);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { goneDevices, type GivenDevices } from './gone-devices.ts';
import { type GoneDevice } from './resources-condition.ts';

const specOf = (resourceName: string): NodeStateSpec => ({
  interfaces: [{ pciAddress: '0000:01:00.0', vfGroups: [{ resourceName }] }],
});
const VF = '0000:01:10.1';
const given: GivenDevices = {
  specs: [specOf('a')],
  allocated: new Map([[VF, [{ resource: 'openshift.io/a', pod: 'default/web' }]]]),
  present: new Set(['0000:01:00.0']),
};
const GONE: GoneDevice = { resource: 'openshift.io/a', device: VF, holder: 'pod default/web' };

describe('a device that a pod has', () => {
  it.each<[string, Partial<GivenDevices>, GoneDevice[]]>([
    ['is gone when the host does not have it', {}, [GONE]],
    ['is there when the host has it', { present: new Set([VF]) }, []],
    ['is gone when its resource was ours before', { specs: [{}, specOf('b'), specOf('a')] }, [GONE]],
    [
      "is none of ours when it is of somebody else's resource",
      { specs: [specOf('b'), { interfaces: [{ pciAddress: '0000:02:00.0' }] }] },
      [],
    ],
    [
      'is none of ours when its id only has a PCI address in it',
      {
        allocated: new Map(
          [`${VF}-rep`, `x${VF}`].map((id) => [id, [{ resource: 'openshift.io/a', pod: 'default/web' }]]),
        ),
      },
      [],
    ],
    [
      'is gone whatever the prefix of its resource is',
      { allocated: new Map([[VF, [{ resource: 'x.example/y/a', pod: 'n/p' }]]]) },
      [{ resource: 'x.example/y/a', device: VF, holder: 'pod n/p' }],
    ],
    [
      'is none of ours when it is no PCI device',
      { allocated: new Map([['gpu-0', [{ resource: 'openshift.io/a', pod: 'default/web' }]]]) },
      [],
    ],
    [
      'is gone for each pod that has it, and each device in its order',
      {
        allocated: new Map([
          ['0000:01:10.7', [{ resource: 'x/a', pod: 'n/c' }]],
          ['0000:01:10.2', [{ resource: 'x/a', pod: 'n/b' }]],
          [
            VF,
            [
              { resource: 'openshift.io/a', pod: 'UID u-7' },
              { resource: 'x/y', pod: 'n/other' },
            ],
          ],
        ]),
      },
      [
        { resource: 'openshift.io/a', device: VF, holder: 'the pod with the UID u-7' },
        { resource: 'x/a', device: '0000:01:10.2', holder: 'pod n/b' },
        { resource: 'x/a', device: '0000:01:10.7', holder: 'pod n/c' },
      ],
    ],
  ])('%s', (_, change, expected) => expect(goneDevices({ ...given, ...change })).toEqual(expected));
});

import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec, type VfGroup } from '@sriov/api';
import { type DeviceHolder, type ObservedPf } from '@sriov/observed-host';
import { renamedResources } from './renamed-resources.ts';

const PF = '0000:01:00.0';
const OTHER = '0000:02:00.0';
const pf = (pciAddress: string, numVfs: number): ObservedPf => ({
  pciAddress,
  vendor: '8086',
  deviceId: '10c9',
  linkType: 'ETH',
  link: { name: pciAddress === PF ? 'ens1' : 'ens2', altNames: [], mac: '', mtu: 1500, up: true },
  sriov: {
    totalVfs: 7,
    autoprobe: true,
    vfs: Array.from({ length: numVfs }, (_, id) => ({
      id,
      pciAddress: `${pciAddress}v${id}`,
      vendor: '',
      deviceId: '',
    })),
  },
});
const observed = { interfaces: [pf(PF, 8), pf(OTHER, 2)] };
const specOf = (vfGroups: VfGroup[], pciAddress = PF): NodeStateSpec => ({ interfaces: [{ pciAddress, vfGroups }] });
const group = (resourceName: string, vfRange: string): VfGroup => ({ resourceName, vfRange });
const holder = (resource: string, pod = 'default/web'): DeviceHolder => ({ resource, pod });
const reasonsOf = (spec: NodeStateSpec, holders: Record<string, readonly DeviceHolder[]>): string[] => {
  const problems = renamedResources({ spec, observed, allocated: new Map(Object.entries(holders)) });
  return problems.map(({ pciAddress, reason, message }) => `${pciAddress} ${reason} ${message}`);
};
const refused = (...held: string[]): string =>
  `${PF} VirtualFunctionInUse ens1 (${PF}): the device plugin is not restarted, because it would then give VFs to a second pod: ${held.join(', ')}: delete the pods, or wait until they end`;

describe('the device plugin is not restarted while', () => {
  it.each<[string, NodeStateSpec, Record<string, DeviceHolder[]>, string[]]>([
    [
      'a pod holds a VF whose resource was renamed',
      specOf([group('b', '0-3')]),
      { [`${PF}v1`]: [holder('openshift.io/a')] },
      [refused('VF 1 is part of b now, and pod default/web has it as openshift.io/a')],
    ],
    [
      'pods hold VFs that other resources have now',
      specOf([group('a', '0-3'), group('b', '4-7')]),
      { [`${PF}v1`]: [holder('x/b')], [`${PF}v4`]: [holder('x/a', 'UID u-7')] },
      [
        refused(
          'VF 1 is part of a now, and pod default/web has it as x/b',
          'VF 4 is part of b now, and the pod with the UID u-7 has it as x/a',
        ),
      ],
    ],
    [
      'one of two pods that a faulty plugin gave the VF holds it under another name',
      specOf([group('b', '0-3')]),
      { [`${PF}v0`]: [holder('x/b', 'n/good'), holder('x/a', 'n/bad')] },
      [refused('VF 0 is part of b now, and pod n/bad has it as x/a')],
    ],
    [
      'a pod holds a VF under a resource that the kubelet does not name',
      specOf([group('b', '0-3')]),
      { [`${PF}v0`]: [holder('')] },
      [refused('VF 0 is part of b now, and pod default/web has it as ')],
    ],
  ])('%s', (_, spec, holders, expected) => expect(reasonsOf(spec, holders)).toEqual(expected));
});

describe('the device plugin is restarted although', () => {
  it.each<[string, NodeStateSpec, Record<string, DeviceHolder[]>]>([
    ['a pod holds a VF of a resource that stays', specOf([group('a', '0-3')]), { [`${PF}v1`]: [holder('x.y/a')] }],
    ['a pod holds a VF that no resource has now', specOf([group('b', '4-7')]), { [`${PF}v1`]: [holder('x/a')] }],
    [
      'a pod holds a VF whose group is none of a resource',
      specOf([group('', '0-3')]),
      { [`${PF}v1`]: [holder('x/a')] },
    ],
    ['a pod holds a VF of a PF that no policy wants', specOf([group('b', '0-1')]), { [`${OTHER}v1`]: [holder('x/a')] }],
    ['the range of a group cannot be read', specOf([group('b', '7-0')]), { [`${PF}v1`]: [holder('x/a')] }],
    ['a group has no range', specOf([{ resourceName: 'b' }]), { [`${PF}v1`]: [holder('x/a')] }],
    ['a pod holds something else', specOf([group('b', '0-3')]), { 'gpu-0': [holder('x/a')] }],
    ['the spec has a PF that is not there', specOf([group('b', '0-3')], '0000:09:00.0'), { x: [holder('x/a')] }],
    ['the spec is empty', {}, { [`${PF}v1`]: [holder('x/a')] }],
    ['a PF has no groups', { interfaces: [{ pciAddress: PF }] }, { [`${PF}v1`]: [holder('x/a')] }],
  ])('%s', (_, spec, holders) => expect(reasonsOf(spec, holders)).toEqual([]));
});

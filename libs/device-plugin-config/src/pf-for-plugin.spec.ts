import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, type NodeStateSpec, type ObservedInterface } from '@sriov/api';
import { layersOf, preparePolicies, readSupportedNics } from '@sriov/selection';
import { nic, policy } from '@sriov/testing/objects';
import { type PfForPlugin, pfForPlugin } from './pf-for-plugin.ts';

const { nics } = readSupportedNics(undefined);
const PF = nic('ens2f0', '0000:3b:00.0');
const VF = { vfID: 0, pciAddress: '0000:3b:02.0' };

interface World {
  readonly pf?: Partial<ObservedInterface>;
  readonly spec?: NodeStateSpec;
  readonly policies?: readonly Partial<NodePolicySpec>[];
}

function seen({ pf, spec = {}, policies = [] }: World): PfForPlugin {
  const { prepared } = preparePolicies(
    policies.map((each, index) =>
      policy(`p${index}`, { priority: 90 - index, nicSelector: { vendor: '8086' }, ...each }),
    ),
  );
  const facts = { node: 'n1', policies: prepared, rules: { nics, supportedNicsOnly: false } };
  const state = { metadata: { name: 'n1' }, spec };
  return pfForPlugin(layersOf({ ...facts, state }, { ...PF, ...pf }).layers, nics);
}

describe('a PF as the device plugin will meet it', () => {
  it.each<[string, World, Partial<PfForPlugin>]>([
    ['without a policy it has the VFs that are there', { pf: { Vfs: [VF] } }, { isPlanned: false, numVfs: 1 }],
    ['without a policy and without VFs it has none', {}, { isPlanned: false, numVfs: 0 }],
    [
      'with a policy it has the VFs that are planned',
      { policies: [{}], pf: { Vfs: [VF] } },
      { isPlanned: true, numVfs: 4 },
    ],
    [
      'with two policies it has the larger number',
      {
        policies: [
          { numVfs: 8, nicSelector: { pfNames: ['ens2f0#0-1'] } },
          { numVfs: 4, nicSelector: { pfNames: ['ens2f0#2-3'] } },
        ],
      },
      { numVfs: 8 },
    ],
    ['its VFs have the device id of the list', {}, { vfDevice: '1889' }],
    [
      'its VFs have the device id that they show',
      { pf: { Vfs: [VF, { ...VF, deviceID: '154c' }] } },
      { vfDevice: '154c' },
    ],
    ['nobody knows the device id of an unheard-of model', { pf: { deviceID: 'ffff' } }, { vfDevice: undefined }],
    ['its link type is the one that it shows', { pf: { linkType: 'ETH' } }, { linkType: 'ether' }],
    ['its link type may be InfiniBand', { pf: { linkType: 'IB' } }, { linkType: 'infiniband' }],
    [
      'its link type is the one that is planned',
      { pf: { linkType: 'IB' }, policies: [{ linkType: 'eth' }] },
      { linkType: 'ether' },
    ],
    ['its link type is not known', {}, { linkType: undefined }],
  ])('%s', (_, world, expected) => {
    expect(seen(world)).toMatchObject(expected);
  });

  it.each<[string, World, Record<string, object>]>([
    ['all VFs, without a range', { policies: [{}] }, { p0: { ranges: [{ first: 0, last: 3 }], isKept: false } }],
    [
      'all VFs that there will be, though it makes fewer itself',
      { policies: [{ numVfs: 2 }, { numVfs: 8, nicSelector: { pfNames: ['ens2f0#4-7'] } }] },
      {
        p0: { ranges: [{ first: 0, last: 7 }], isKept: false },
        p1: { ranges: [{ first: 4, last: 7 }], isKept: false },
      },
    ],
    ['no VFs, where it wants the PF itself', { policies: [{ numVfs: 0 }] }, { p0: { ranges: [], isKept: false } }],
    ['no VFs, where it cannot have them', { policies: [{ numVfs: 65 }] }, { p0: { ranges: [], isKept: false } }],
    [
      'what it has, where it cannot have more',
      {
        policies: [{ numVfs: 65 }],
        spec: {
          interfaces: [{ pciAddress: PF.pciAddress, numVfs: 4, vfGroups: [{ policyName: 'p0', vfRange: '0-1' }] }],
        },
      },
      { p0: { ranges: [{ first: 0, last: 1 }], isKept: true } },
    ],
  ])('is wanted by a policy with %s', (_, world, wanted) => {
    expect(Object.fromEntries(seen(world).wanted)).toEqual(wanted);
  });
});

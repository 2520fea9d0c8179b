import { describe, expect, it } from '@jest/globals';
import { formatVfRange, type NodePolicySpec, type NodeStateSpec, type ObservedInterface } from '@sriov/api';
import { layersOf, preparePolicies, type ReadablePolicy, readSupportedNics } from '@sriov/selection';
import { nic, policy } from '@sriov/testing/objects';
import { givenTo, type PfForPlugin, pfForPlugin } from './pf-for-plugin.ts';

const { nics } = readSupportedNics(undefined);
const PF = nic('ens2f0', '0000:3b:00.0');
const VF = { vfID: 0, pciAddress: '0000:3b:02.0' };

interface World {
  readonly pf?: Partial<ObservedInterface>;
  readonly spec?: NodeStateSpec;
  readonly policies?: readonly Partial<NodePolicySpec>[];
}

const THREE = { Vfs: [VF, { ...VF, vfID: 1 }, { ...VF, vfID: 2 }] };

function preparedOf({ policies = [] }: World): ReadablePolicy[] {
  return preparePolicies(
    policies.map((each, index) =>
      policy(`p${index}`, { priority: 90 - index, nicSelector: { vendor: '8086' }, ...each }),
    ),
  ).prepared.filter((each) => each.kind === 'readable');
}

function seen(world: World): PfForPlugin {
  const { pf, spec = {} } = world;
  const facts = { node: 'n1', policies: preparedOf(world), rules: { nics, supportedNicsOnly: false } };
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

  const kept = {
    interfaces: [
      { pciAddress: PF.pciAddress, numVfs: 4, vfGroups: [{ policyName: 'p0', vfRange: '0-1', resourceName: 'r' }] },
    ],
  };
  it.each<[string, World, Record<string, string[]>]>([
    ['all VFs that it makes, without a range', { policies: [{}] }, { p0: ['0-3'] }],
    [
      'no more than it makes, though there will be more',
      { policies: [{ numVfs: 2 }, { numVfs: 8, nicSelector: { pfNames: ['ens2f0#4-7'] } }] },
      { p0: ['0-1'], p1: ['4-7'] },
    ],
    [
      'none, where another one takes some of them',
      { policies: [{ numVfs: 4 }, { numVfs: 4, nicSelector: { pfNames: ['ens2f0#2-3'] } }] },
      { p0: [], p1: ['2-3'] },
    ],
    ['none, where it wants the PF itself', { policies: [{ numVfs: 0 }] }, { p0: [] }],
    ['none, where it cannot have them', { policies: [{ numVfs: 65 }] }, { p0: [] }],
    ['what it has, where it cannot have more', { policies: [{ numVfs: 65 }], spec: kept }, { p0: ['0-1'] }],
    [
      'nothing of what it has, where it now asks for another resource and cannot have it',
      { policies: [{ numVfs: 65, resourceName: 'other' }], spec: kept },
      { p0: [] },
    ],
  ])('gives a policy %s', (_, world, expected) => {
    const pf = seen(world);
    const ranges = preparedOf(world).map((each) => [each.name, givenTo(each, pf).map(formatVfRange)]);
    expect(Object.fromEntries(ranges)).toEqual(expected);
  });

  it.each<[string, World, number | undefined]>([
    ['someone else manages its VFs', { policies: [{ externallyManaged: true, mtu: 1500 }], pf: THREE }, 3],
    [
      'the daemon refuses what is planned',
      { policies: [{ eSwitchMode: 'switchdev' }], pf: { ...THREE, driver: 'igb' } },
      3,
    ],
    ['so does a PF without VFs', { policies: [{ eSwitchMode: 'switchdev' }], pf: { driver: 'igb' } }, 0],
    ['what is planned can be done', { policies: [{}], pf: THREE }, undefined],
    ['nobody knows how many VFs there are', { policies: [{ eSwitchMode: 'switchdev' }] }, undefined],
  ])('may stay as it is, or not: %s', (_, world, numVfs) => {
    expect(seen(world).asItIs?.numVfs).toBe(numVfs);
  });
});

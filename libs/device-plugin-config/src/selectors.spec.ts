import { describe, expect, it } from '@jest/globals';
import { type NodePolicySpec, type ObservedInterface } from '@sriov/api';
import { preparePolicies, readSupportedNics } from '@sriov/selection';
import { nic, policy } from '@sriov/testing/objects';
import { type Selectors, selectorsOf } from './selectors.ts';

const { nics } = readSupportedNics(undefined);
/** A model that is not in the list, with VFs of these device ids. */
const unlisted = (address: string, deviceID: string, ...vfs: (string | undefined)[]): ObservedInterface =>
  nic('x', address, {
    deviceID,
    Vfs: vfs.map((id, vfID) => ({ vfID, pciAddress: '0000:99:00.1', ...(id !== undefined && { deviceID: id }) })),
  });

function selectors(spec: Partial<NodePolicySpec>, ...interfaces: ObservedInterface[]): Selectors {
  const [prepared] = preparePolicies([policy('p', spec)]).prepared;
  if (prepared?.kind !== 'readable') throw new Error('the policy cannot be read');
  return selectorsOf(prepared, { interfaces, nics });
}

describe('the device id of the VFs of a policy', () => {
  const MODEL = { nicSelector: { vendor: '8086', deviceID: '15e4' } };

  it.each<[string, Partial<NodePolicySpec>, ObservedInterface[], string[]]>([
    ['is in the list of models', { nicSelector: { vendor: '8086', deviceID: '1592' } }, [], ['1889']],
    ['is told by the VFs of such a PF', MODEL, [unlisted('0000:3b:00.0', '15e4', '15e5')], ['15e5']],
    ['is told by the first VF that has one', MODEL, [unlisted('0000:3b:00.0', '15e4', undefined, '15e5')], ['15e5']],
    ['is not told by a PF of another model', MODEL, [unlisted('0000:3b:00.0', '15e9', '15e5')], []],
    [
      'is not told by a PF of another vendor',
      MODEL,
      [{ ...unlisted('0000:3b:00.0', '15e4', '15e5'), vendor: '15b3' }],
      [],
    ],
    [
      'is told by a PF of whatever vendor where the policy names none',
      { nicSelector: { deviceID: '15e4' } },
      [{ ...unlisted('0000:3b:00.0', '15e4', '15e5'), vendor: '15b3' }],
      ['15e5'],
    ],
    ['is unknown on a PF without VFs', MODEL, [nic('x', '0000:3b:00.0', { deviceID: '15e4' })], []],
    ['is that of the PF where the policy makes no VFs', { ...MODEL, numVfs: 0 }, [], ['15e4']],
  ])('%s', (_, spec, interfaces, devices) => {
    expect(selectors(spec, ...interfaces).devices).toEqual(devices);
  });
});

describe('the link type of a resource', () => {
  it.each<[Partial<NodePolicySpec>, string[]]>([
    [{}, []],
    [{ linkType: 'eth' }, ['ether']],
    [{ linkType: 'IB' }, ['infiniband']],
    [{ linkType: 'eth', deviceType: 'vfio-pci' }, []],
  ])('of %p is %p', (spec, linkTypes) => {
    expect(selectors(spec).linkTypes).toEqual(linkTypes);
  });
});

describe('the names of PFs', () => {
  const PF = nic('ens2f0', '0000:3b:00.0', { altNames: ['left'] });

  it.each<[string, string[], string[]]>([
    ['are those of the kernel', ['left#0-3'], ['ens2f0#0-3']],
    ['stand once, whichever name was written', ['left', 'ens2f0'], ['ens2f0']],
    ['are as they were written where the node has no such PF', ['ens9#0-1'], ['ens9#0-1']],
  ])('%s', (_, pfNames, expected) => {
    expect(selectors({ nicSelector: { pfNames } }, PF).pfNames).toEqual(expected);
  });
});

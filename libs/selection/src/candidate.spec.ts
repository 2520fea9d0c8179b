import { describe, expect, it } from '@jest/globals';
import { type NicSelector, type ObservedInterface, type SriovNetworkNodePolicy } from '@sriov/api';
import { nic, policy } from '@sriov/testing/objects';
import { canHaveVfs, findUnfitness, isCandidate, isNamed } from './candidate.ts';
import { preparePolicies, type ReadablePolicy } from './prepare.ts';
import { readSupportedNics } from './supported-nics.ts';

const { nics } = readSupportedNics(undefined);
const OPEN = { nics, supportedNicsOnly: false };
const STRICT = { nics, supportedNicsOnly: true };

function read(stored: SriovNetworkNodePolicy): ReadablePolicy {
  const [prepared] = preparePolicies([stored]).prepared;
  if (prepared?.kind !== 'readable') throw new Error('the policy cannot be read');
  return prepared;
}
const selecting = (nicSelector: NicSelector): ReadablePolicy => read(policy('p', { nicSelector }));
const port = (rest: Partial<ObservedInterface>): ObservedInterface => nic('ens2f0', '0000:3b:00.0', rest);

describe('the candidate rule', () => {
  it.each<[string, NicSelector, Partial<ObservedInterface>, boolean, boolean]>([
    ['a listed PF with VFs', { vendor: '8086' }, {}, true, true],
    ['a PF that is not selected', { vendor: '15b3' }, {}, false, false],
    ['a PF whose model is not in the list', { vendor: '8086' }, { deviceID: 'ffff' }, true, false],
    ['a PF without VFs', { vendor: '8086' }, { totalvfs: 0 }, false, false],
    ['a PF that tells no number of VFs', { vendor: '8086' }, { totalvfs: undefined }, false, false],
    [
      'a PF whose firmware can be told to allow VFs',
      { vendor: '15b3' },
      { vendor: '15b3', deviceID: '101d', totalvfs: 0 },
      true,
      true,
    ],
    [
      'the port of a virtual machine',
      { netFilter: 'aws/NetworkID:a' },
      { deviceID: '154c', totalvfs: 0, netFilter: 'aws/NetworkID:a' },
      true,
      true,
    ],
    [
      'a port of no listed model',
      { netFilter: 'aws/NetworkID:a' },
      { deviceID: 'ffff', totalvfs: 0, netFilter: 'aws/NetworkID:a' },
      true,
      false,
    ],
  ])('decides about %s', (_, selector, rest, isOne, isOneWhenStrict) => {
    const decide = (rules: typeof OPEN): boolean => isCandidate(rules, selecting(selector), port(rest));
    expect([decide(OPEN), decide(STRICT)]).toEqual([isOne, isOneWhenStrict]);
  });

  it('takes the id of a VF for one only where a net filter selects ports', () => {
    const vf = port({ deviceID: '154c' });
    expect(findUnfitness(STRICT, selecting({ vendor: '8086' }), vf)).toBe(
      'its model 8086:154c is not in the list of supported NICs: add it to the ConfigMap supported-nic-ids',
    );
  });

  it('says why a PF can have no VFs', () => {
    expect(findUnfitness(OPEN, selecting({ vendor: '8086' }), port({ totalvfs: 0 }))).toBe(
      'it can have no VFs (totalvfs is 0 or absent): switch SR-IOV on in the BIOS and the firmware of the NIC, or select another PF',
    );
  });
});

it.each<[string, Partial<ObservedInterface>, boolean]>([
  ['a PF that allows VFs', { totalvfs: 1 }, true],
  ['a PF that allows none', { totalvfs: 0 }, false],
  ['a PF whose firmware can be told to allow them', { vendor: '15b3', totalvfs: 0 }, true],
])('canHaveVfs: %s', (_, rest, expected) => {
  expect(canHaveVfs(port(rest))).toBe(expected);
});

it.each<[string, NicSelector, boolean]>([
  ['a vendor alone', { vendor: '8086' }, false],
  ['a model', { deviceID: '1592' }, true],
  ['an address', { rootDevices: ['0000:3b:00.0'] }, true],
  ['a name', { pfNames: ['ens2f0'] }, true],
  ['a net filter', { netFilter: 'aws/NetworkID:a' }, false],
])('isNamed: %s', (_, selector, expected) => {
  expect(isNamed(selecting(selector))).toBe(expected);
});

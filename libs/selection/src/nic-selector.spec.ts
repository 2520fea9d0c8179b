import { describe, expect, it } from '@jest/globals';
import { type NicSelector, type ObservedInterface, type VfRange } from '@sriov/api';
import { nic } from '@sriov/testing/objects';
import { hasName, nameOf, type ReadSelector, readSelector, selectedRanges, selects } from './nic-selector.ts';

const PF = nic('ens2f0', '0000:3b:00.0', { altNames: ['left'] });

function read(selector: NicSelector): ReadSelector {
  const result = readSelector(selector);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

describe('a selector', () => {
  it('is read with each PF name, its range, and the range as it was written', () => {
    expect(read({ vendor: '8086', pfNames: ['ens1', 'ens2#00-03'] })).toStrictEqual({
      vendor: '8086',
      pfs: [{ name: 'ens1' }, { name: 'ens2', range: { first: 0, last: 3 }, rangeText: '00-03' }],
    });
    expect(read({})).toStrictEqual({ pfs: [] });
  });

  it('is refused with the name that cannot be read', () => {
    expect(readSelector({ pfNames: ['ens1#3'] })).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^spec\.nicSelector\.pfNames: .*3/),
    });
  });

  it.each<[string, boolean, NicSelector]>([
    ['its vendor', true, { vendor: '8086' }],
    ['another vendor', false, { vendor: '15b3' }],
    ['its model', true, { deviceID: '1592' }],
    ['another model of its vendor', false, { vendor: '8086', deviceID: '1593' }],
    ['its address', true, { rootDevices: ['0000:99:00.0', PF.pciAddress] }],
    ['another address', false, { rootDevices: ['0000:99:00.0'] }],
    ['one of several names', true, { pfNames: ['ens9', 'ens2f0'] }],
    ['other names', false, { pfNames: ['ens9'] }],
    ['a network that it does not tell', false, { netFilter: 'openstack/NetworkID:a' }],
    ['nothing', false, {}],
  ])('with %s selects the PF: %s', (_, isSelected, selector) => {
    expect(selects(read(selector), PF)).toBe(isSelected);
  });

  it.each<[string, string, string, boolean]>([
    ['the same text', 'openstack/NetworkID:a', 'openstack/NetworkID:a', true],
    ['blanks around type and value', ' openstack/NetworkID : a', 'openstack/NetworkID:a', true],
    ['the same value of another type', 'aws/NetworkID:a', 'openstack/NetworkID:a', false],
    ['another value', 'openstack/NetworkID:b', 'openstack/NetworkID:a', false],
    ['no type', ':a', ':a', false],
  ])('compares networks: %s', (_, netFilter, present, isSelected) => {
    expect(selects(read({ netFilter }), { ...PF, netFilter: present })).toBe(isSelected);
  });
});

describe('the ranges that a selector takes of a PF', () => {
  it.each<[string, string[], VfRange[] | undefined]>([
    ['all, without a name', [], undefined],
    ['all, where the name has no range', ['ens2f0'], undefined],
    ['all, where the name stands with and without a range', ['ens2f0#0-1', 'left'], undefined],
    ['all, where only another PF has ranges', ['ens2f0', 'ens9#0-1'], undefined],
    [
      'those of its names, and not those of others',
      ['ens2f0#0-1', 'left#4-5', 'ens9#2-3'],
      [
        { first: 0, last: 1 },
        { first: 4, last: 5 },
      ],
    ],
    ['each once', ['ens2f0#0-1', 'left#00-01'], [{ first: 0, last: 1 }]],
  ])('are %s', (_, pfNames, ranges) => {
    expect(selectedRanges(read({ pfNames }), PF)).toEqual(ranges);
  });
});

it('a PF has its name and its alternative names, and is called by its address while it has none', () => {
  const nameless: ObservedInterface = { pciAddress: PF.pciAddress };
  expect(['ens2f0', 'left', 'right'].map((name) => hasName(PF, name))).toEqual([true, true, false]);
  expect(hasName(nameless, 'ens2f0')).toBe(false);
  expect([nameOf(PF), nameOf(nameless)]).toEqual(['ens2f0', '0000:3b:00.0']);
});

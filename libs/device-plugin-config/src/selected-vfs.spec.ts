import { describe, expect, it } from '@jest/globals';
import { type ObservedInterface, type VfRange } from '@sriov/api';
import { nic } from '@sriov/testing/objects';
import { formatRanges } from './is-sound.ts';
import { joinRanges, type PfInPlan, selectedVfs } from './selected-vfs.ts';
import { NO_SELECTORS, type Selectors } from './selectors.ts';

const NIC = nic('ens2f0', '0000:3b:00.0');
const PF: PfInPlan = { nic: NIC, numVfs: 8, vfDevice: '1889', linkType: 'ether' };

describe('the VFs that the device plugin selects', () => {
  const selected = (
    selectors: Partial<Selectors>,
    pf: Partial<PfInPlan> = {},
    reading: Partial<Parameters<typeof selectedVfs>[2]> = {},
  ): string =>
    formatRanges(
      selectedVfs(
        { ...NO_SELECTORS, ...selectors },
        { ...PF, ...pf },
        { unknownFits: false, entries: 'first', ...reading },
      ),
    );

  it.each<[string, Partial<Selectors>, string]>([
    ['all, without selectors', {}, '0-7'],
    ['all of its vendor', { vendors: ['15b3', '8086'] }, '0-7'],
    ['none of another vendor', { vendors: ['15b3'] }, ''],
    ['all of their model', { devices: ['1889'] }, '0-7'],
    ['none of another model', { devices: ['154c'] }, ''],
    ['all of its link type', { linkTypes: ['ether'] }, '0-7'],
    ['none of another link type', { linkTypes: ['infiniband'] }, ''],
    ['all behind its name, in whatever case', { pfNames: ['ENS2F0'] }, '0-7'],
    ['none behind another name', { pfNames: ['ens9'] }, ''],
    ['those behind its name', { pfNames: ['ens2f0#0-1,4'] }, '0-1,4-4'],
    ['no more than there are', { pfNames: ['ens2f0#6-9'] }, '6-7'],
    ['those behind its first entry', { pfNames: ['ens2f0#0-1', 'ens2f0#4-5'] }, '0-1'],
    ['those behind its address', { rootDevices: ['0000:3b:00.0#2-3'] }, '2-3'],
    ['those behind name and address', { pfNames: ['ens2f0#0-4'], rootDevices: ['0000:3b:00.0#3-6'] }, '3-4'],
    ['none by their addresses, which nobody lists', { pciAddresses: ['0000:3b:02.0'] }, ''],
  ])('are %s', (_, selectors, ranges) => {
    expect(selected(selectors)).toBe(ranges);
  });

  it('are those behind all of its entries for the device plugin that looks at all', () => {
    const all = { entries: 'all' } as const;
    expect(selected({ pfNames: ['ens2f0#0-1', 'ens9', 'ens2f0#1,4-5'] }, {}, all)).toBe('0-1,4-5');
    expect(selected({ rootDevices: ['0000:3b:00.0#0', '0000:3b:00.0'] }, {}, all)).toBe('0-7');
    expect(selected({ pfNames: ['ens9'] }, {}, all)).toBe('');
  });

  it('are unknown to fit or not while their device id is unknown', () => {
    const unknown = { vfDevice: undefined };
    expect(selected({ devices: ['154c'] }, unknown, { unknownFits: true })).toBe('0-7');
    expect(selected({ devices: ['154c'] }, unknown, { unknownFits: false })).toBe('');
  });

  it('are the device itself where it has none', () => {
    expect(selected({ devices: ['1592'] }, { numVfs: 0 })).toBe('0-0');
    expect(selected({ devices: ['1889'] }, { numVfs: 0 })).toBe('');
    const port: ObservedInterface = { ...NIC, Vfs: [{ vfID: 0, pciAddress: NIC.pciAddress }] };
    expect(selected({ pciAddresses: [NIC.pciAddress] }, { nic: port, numVfs: 1 })).toBe('0-0');
  });
});

it.each<[string, [number, number][], string]>([
  ['none', [], ''],
  ['one', [[2, 3]], '2-3'],
  [
    'neighbours',
    [
      [0, 1],
      [2, 3],
    ],
    '0-3',
  ],
  [
    'ranges in any order',
    [
      [6, 7],
      [0, 1],
    ],
    '0-1,6-7',
  ],
  [
    'a gap of one',
    [
      [0, 1],
      [3, 4],
    ],
    '0-1,3-4',
  ],
  [
    'ranges that overlap',
    [
      [0, 4],
      [3, 6],
    ],
    '0-6',
  ],
  [
    'a range within another',
    [
      [0, 6],
      [2, 3],
    ],
    '0-6',
  ],
  [
    'ranges behind a joined one',
    [
      [0, 1],
      [2, 3],
      [5, 6],
      [7, 7],
    ],
    '0-3,5-7',
  ],
])('joins ranges: %s', (_, pairs, expected) => {
  const ranges: VfRange[] = pairs.map(([first, last]) => ({ first, last }));
  expect(formatRanges(joinRanges(ranges))).toBe(expected);
});

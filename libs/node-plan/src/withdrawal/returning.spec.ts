import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec } from '@sriov/api';
import { type Returning, type Withdrawal } from '@sriov/plugin-handover';
import { netdevice, PF, testPf } from '../test/test-host.ts';
import { joinReturning, returningVfs } from './returning.ts';

const observed = { interfaces: [testPf([0, 1, 2, 3].map((id) => netdevice(id)))] };
const vfs = observed.interfaces[0]?.sriov?.vfs.map(({ pciAddress }) => pciAddress) ?? [];
const because = 'x';

const specOf = (numVfs: number, ...groups: [string, string][]): NodeStateSpec => ({
  interfaces: [
    {
      pciAddress: PF,
      numVfs,
      vfGroups: groups.map(([resourceName, vfRange]) => ({ resourceName, vfRange, policyName: 'p' })),
    },
  ],
});

describe('withdrawn VFs return', () => {
  it.each<[string, Withdrawal[], NodeStateSpec, Returning[]]>([
    ['all that the spec has', [{ pf: PF, because }], specOf(4, ['a', '0-3']), [{ resource: 'a', devices: vfs }]],
    [
      'by the resource of their group',
      [{ pf: PF, because }],
      specOf(4, ['a', '0-0'], ['b', '1-3']),
      [
        { resource: 'a', devices: vfs.slice(0, 1) },
        { resource: 'b', devices: vfs.slice(1) },
      ],
    ],
    [
      'not those that go',
      [{ pf: PF, because }],
      specOf(2, ['a', '0-3']),
      [{ resource: 'a', devices: vfs.slice(0, 2) }],
    ],
    [
      'not those without a group',
      [{ pf: PF, because }],
      specOf(4, ['a', '2-3']),
      [{ resource: 'a', devices: vfs.slice(2) }],
    ],
    [
      'not those that are not withdrawn',
      [{ pf: PF, vfs: [3], because }],
      specOf(4, ['a', '0-3']),
      [{ resource: 'a', devices: vfs.slice(3) }],
    ],
    ['none of a PF that the spec does not have', [{ pf: PF, because }], {}, []],
    ['none of a PF that is not there', [{ pf: '0000:ff:00.0', because }], specOf(4, ['a', '0-3']), []],
    ['none of a group whose range cannot be read', [{ pf: PF, because }], specOf(4, ['a', 'all']), []],
  ])('%s', (_, withdrawn, spec, expected) => {
    expect(returningVfs({ withdrawn, spec, observed })).toEqual(expected);
  });
});

describe('VFs that are said to return twice', () => {
  it('are named once, by the later resource, and the others stay', () => {
    const earlier = [{ resource: 'a', devices: ['x', 'y'] }];
    const later = [
      { resource: 'b', devices: ['y'] },
      { resource: 'a', devices: ['z'] },
    ];
    expect(joinReturning(earlier, later)).toEqual([
      { resource: 'a', devices: ['x', 'z'] },
      { resource: 'b', devices: ['y'] },
    ]);
  });
});

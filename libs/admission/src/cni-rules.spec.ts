import { describe, expect, it } from '@jest/globals';
import { type AttachedSpec, CNI_RULES } from './cni-rules.ts';
import { allViolations } from './rule.ts';

const faultsOf = (spec: Partial<AttachedSpec>): string[] =>
  allViolations(CNI_RULES, { spec: { resourceName: 'r', ...spec } });

describe('what lets a pod start is no fault', () => {
  it.each<[string, Partial<AttachedSpec>]>([
    ['equal rates', { minTxRate: 5, maxTxRate: 5 }],
    ['a least rate without a most', { minTxRate: 5 }],
    ['an MTU of 0, which keeps that of the VF', { mtu: 0 }],
    ['an empty trunk', { trunk: [] }],
    ['a trunk of one id', { trunk: [{ id: 5 }] }],
    ['a trunk of one range', { trunk: [{ minID: 1, maxID: 1 }] }],
    ['a trunk in which one entry of two says something', { trunk: [{ minID: 5 }, { id: 7 }] }],
    ['a trunk with an open range beside an id', { trunk: [{ id: 7 }, { minID: 5 }] }],
  ])('%s', (_, spec) => {
    expect(faultsOf(spec)).toEqual([]);
  });
});

describe('a trunk without a VLAN', () => {
  it.each<[string, NonNullable<AttachedSpec['trunk']>]>([
    ['has ranges that begin at 0', [{ minID: 0, maxID: 9 }]],
    ['has ranges without a begin', [{ maxID: 9 }]],
    ['has ranges without an end', [{ minID: 9 }]],
    ['has ranges from 0 to 0', [{ minID: 0, maxID: 0 }]],
    ['has an empty entry', [{}]],
  ])('%s', (_, trunk) => {
    expect(faultsOf({ trunk })).toEqual([
      'spec.trunk names no VLAN, which the CNI plugin refuses at the start of a pod: give id, or both minID and maxID from 1 on',
    ]);
  });
});

describe('the prefix of a resource', () => {
  it('is taken off where the rest can be a resource', () => {
    expect(faultsOf({ resourceName: 'intel.com/nics' })).toEqual([
      'spec.resourceName "intel.com/nics" has a prefix, which is put in front of it anyway: write nics',
    ]);
  });

  it('is not spoken of where the rest cannot be one either', () => {
    const [fault] = faultsOf({ resourceName: 'intel.com/my nics' });
    expect(fault).toMatch(/^spec\.resourceName "intel\.com\/my nics" must be/);
    expect(fault).not.toContain('prefix');
  });
});

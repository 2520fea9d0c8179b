import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type ObservedInterface } from '@sriov/api';
import { findReportedNeed, type FirmwareNeed } from './firmware-limits.ts';
import { factsOfStatus } from './pf-facts.ts';
import { staysAsItIs } from './pf-limits.ts';

const PF = '0000:5e:00.0';
const NIC: ObservedInterface = { pciAddress: PF, vendor: '15b3', driver: 'mlx5_core', totalvfs: 4, linkType: 'ETH' };
const { totalvfs: _, ...SWITCHED_OFF } = NIC;

describe('what only the firmware brings', () => {
  it.each<[string, ObservedInterface, Partial<DesiredInterface>, FirmwareNeed | undefined]>([
    [
      'VFs above what it allows',
      NIC,
      { numVfs: 12 },
      { numVfs: 12, why: '12 VFs are wanted, and the firmware allows 4' },
    ],
    [
      'SR-IOV where it is switched off',
      SWITCHED_OFF,
      { numVfs: 1 },
      { numVfs: 1, why: '1 VFs are wanted, and the firmware has SR-IOV switched off' },
    ],
    [
      'another link type',
      NIC,
      { numVfs: 4, linkType: 'ib' },
      { linkType: 'IB', why: 'link type IB is wanted, and the port has ETH' },
    ],
    [
      'both',
      NIC,
      { numVfs: 5, linkType: 'IB' },
      {
        numVfs: 5,
        linkType: 'IB',
        why: '5 VFs are wanted, and the firmware allows 4; link type IB is wanted, and the port has ETH',
      },
    ],
    ['nothing for fewer VFs', NIC, { numVfs: 4 }, undefined],
    ['nothing for more than any firmware has', NIC, { numVfs: 129 }, undefined],
    ['nothing for the type that it has', NIC, { numVfs: 1, linkType: 'eth' }, undefined],
    ['nothing where its type is not known', { ...NIC, linkType: '' }, { linkType: 'IB' }, undefined],
    ['nothing for a word that is none', NIC, { linkType: 'fddi' }, undefined],
    ['nothing of other vendors', { ...NIC, vendor: '8086' }, { numVfs: 12, linkType: 'IB' }, undefined],
    ['nothing of someone else’s', NIC, { numVfs: 12, externallyManaged: true }, undefined],
    ['nothing of ports of guests', { ...NIC, netFilter: 'aws/NetworkID:a' }, { numVfs: 12 }, undefined],
  ])('is %s', (__, nic, desired, need) => {
    const entry = { pciAddress: PF, ...desired };
    expect(findReportedNeed(entry, nic)).toEqual(need);
    if (need !== undefined) expect(staysAsItIs(entry, factsOfStatus(nic))).toBe(true);
  });

  it('leaves PFs alone that need it, or are refused, and no others', () => {
    const stays = (numVfs: number): boolean => staysAsItIs({ pciAddress: PF, numVfs }, factsOfStatus(NIC));
    expect([3, 5, 200].map(stays)).toEqual([false, true, true]);
  });
});

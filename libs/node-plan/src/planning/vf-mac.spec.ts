import { describe, expect, it } from '@jest/globals';
import { type ObservedLink } from '@sriov/observed-host';
import fc from 'fast-check';
import { testLink, testPf } from '../test/test-host.ts';
import { vfSeeds, stableVfMac } from './vf-mac.ts';

const PF_MAC = '52:54:00:aa:00:10';

describe('the MAC address of a VF', () => {
  it('is this one for ever: networks remember it', () => {
    expect([0, 1, 127].map((id) => stableVfMac(PF_MAC, id))).toEqual([
      '02:08:49:85:46:0d',
      '02:08:49:85:44:5a',
      '02:8f:7a:cf:e6:fd',
    ]);
  });

  it('does not depend on how the address of the PF is written', () => {
    expect(stableVfMac(PF_MAC.toUpperCase(), 3)).toBe(stableVfMac(PF_MAC, 3));
  });

  it('is a unicast address of local administration', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(255), (mac, id) => {
        expect(stableVfMac(mac, id)).toMatch(/^02(:[0-9a-f]{2}){5}$/);
      }),
    );
  });

  it('is another for each VF of 64 PFs from one production run', () => {
    const macs = Array.from({ length: 64 }, (_, pf) =>
      Array.from({ length: 128 }, (__, id) => stableVfMac(`b8:59:9f:00:00:${pf.toString(16).padStart(2, '0')}`, id)),
    ).flat();
    expect(new Set(macs).size).toBe(macs.length);
  });
});

describe('what the addresses are made from', () => {
  const [first, second] = ['0000:01:00.0', '0000:01:00.1'];
  const seedsOf = (...links: Partial<ObservedLink>[]): (string | undefined)[] => {
    const pfs = links.map((link, index) =>
      testPf([], { pciAddress: [first, second][index] ?? '', link: testLink(link) }),
    );
    const seeds = vfSeeds(pfs);
    return pfs.map(({ pciAddress }) => seeds.get(pciAddress));
  };
  const shared = PF_MAC;

  it.each<[string, Partial<ObservedLink>[], string[]]>([
    ['the address of each PF', [{ mac: 'AA:00' }, { mac: 'bb:00' }], ['aa:00', 'bb:00']],
    [
      'the addresses that members of a bond were made with',
      [{ mac: shared }, { mac: shared, permanentMac: 'bb:00' }],
      [shared, 'bb:00'],
    ],
    [
      'the place of each PF too where both show one address and no permanent one',
      [{ mac: shared }, { mac: shared }],
      [`${shared}@${first}`, `${shared}@${second}`],
    ],
    ['the place of a PF that shows no address', [{ mac: '' }], [`@${first}`]],
  ])('is %s', (_, links, expected) => {
    expect(seedsOf(...links)).toEqual(expected);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type PfFacts } from '@sriov/node-limits';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { factsOfHost } from './facts-of-host.ts';

const PF = '0000:3b:00.0';
const BARE: ObservedPf = { pciAddress: PF, vendor: '8086', deviceId: '1593', linkType: '' };
const VF: ObservedVf = { id: 0, pciAddress: '0000:3b:02.0', vendor: '8086', deviceId: '1889' };

describe('factsOfHost', () => {
  it('takes over what the host shows of a PF', () => {
    const pf: ObservedPf = {
      ...BARE,
      driver: 'ice',
      linkType: 'ETH',
      sriov: { totalVfs: 64, autoprobe: true, vfs: [VF, { ...VF, id: 1 }] },
      link: { name: 'ens2f0', altNames: [], mac: '02:00:00:00:00:01', mtu: 1500, maxMtu: 9702, up: true },
    };
    expect(factsOfHost(pf)).toEqual({
      vendor: '8086',
      hasDriver: true,
      totalVfs: 64,
      numVfs: 2,
      eSwitchMode: 'legacy',
      eSwitchUnknown: undefined,
      driver: 'ice',
      hasESwitch: false,
      linkType: 'ETH',
      mtu: 1500,
      maxMtu: 9702,
      isPort: false,
    });
  });

  it('knows no VFs and no MTU of a PF without driver, SR-IOV capability and interface', () => {
    expect(factsOfHost(BARE)).toEqual({
      vendor: '8086',
      hasDriver: false,
      totalVfs: undefined,
      numVfs: 0,
      eSwitchMode: 'legacy',
      eSwitchUnknown: undefined,
      driver: undefined,
      hasESwitch: false,
      linkType: '',
      mtu: undefined,
      maxMtu: undefined,
      isPort: false,
    });
  });

  it.each<[string, Partial<ObservedPf>, PfFacts['eSwitchMode']]>([
    ['the mode that devlink shows', { eSwitchMode: 'switchdev' }, 'switchdev'],
    ['legacy where there is no devlink', {}, 'legacy'],
    ['unknown where it could not be read', { eSwitchMode: 'switchdev', eSwitchUnknown: 'devlink: EIO' }, 'unknown'],
  ])('says of the eSwitch: %s', (_, pf, mode) => {
    const facts = factsOfHost({ ...BARE, ...pf });
    expect(facts.eSwitchMode).toBe(mode);
    expect(facts.eSwitchUnknown).toBe(pf.eSwitchUnknown);
  });

  it.each<[string, Partial<ObservedPf>, boolean | undefined]>([
    ['has one where devlink tells a mode', { driver: 'unheard_of', eSwitchMode: 'legacy' }, true],
    ['has none where devlink tells none', { driver: 'unheard_of' }, false],
    ['has none with a driver that is known to have none', { driver: 'igb', eSwitchUnknown: 'devlink: EIO' }, false],
    ['may have one while nobody can ask', { driver: 'ice', eSwitchUnknown: 'devlink: EIO' }, undefined],
    ['may have one that its driver hides as long as there are no VFs', { driver: 'mlx5_core' }, undefined],
  ])('says of the eSwitch that the PF %s', (_, pf, expected) => {
    expect(factsOfHost({ ...BARE, ...pf }).hasESwitch).toBe(expected);
  });
});

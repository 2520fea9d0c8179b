import { describe, expect, it } from '@jest/globals';
import { type ObservedInterface, type ObservedPf, type ObservedVf } from '@sriov/api';
import { factsOfHost, factsOfStatus, limitingFields, type PfFacts, presentVfs, tellsOfVfs } from './pf-facts.ts';

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
      linkType: 'ETH',
      mtu: 1500,
      maxMtu: 9702,
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
      linkType: '',
      mtu: undefined,
      maxMtu: undefined,
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
});

describe('factsOfStatus', () => {
  it.each<[string, Partial<ObservedInterface>, Partial<PfFacts>]>([
    ['a driver by its name', { driver: 'ice' }, { hasDriver: true }],
    ['a driver by the interface that it made', { name: 'ens2f0' }, { hasDriver: true }],
    ['no driver where neither is told', {}, { hasDriver: false }],
    ['switchdev', { eSwitchMode: 'switchdev' }, { eSwitchMode: 'switchdev' }],
    ['an eSwitch mode that could not be read', { eSwitchMode: 'unknown' }, { eSwitchMode: 'unknown' }],
    ['legacy for every other eSwitch mode', { eSwitchMode: 'inactive' }, { eSwitchMode: 'legacy' }],
    ['Ethernet, however it is written', { linkType: 'eth' }, { linkType: 'ETH' }],
    ['InfiniBand, however it is written', { linkType: 'ib' }, { linkType: 'IB' }],
    ['no link type for a word that it does not know', { linkType: 'other' }, { linkType: '' }],
    ['no link type where none is told', {}, { linkType: '' }],
  ])('reads %s', (_, nic, facts) => {
    expect(factsOfStatus({ pciAddress: PF, ...nic })).toMatchObject(facts);
  });
});

describe('the VFs of a reported PF', () => {
  it.each<[string, Partial<ObservedInterface>, number]>([
    ['its number', { numVfs: 2, Vfs: [] }, 2],
    ['the length of its list', { Vfs: [{ vfID: 0, pciAddress: VF.pciAddress }] }, 1],
    ['none when neither is told', {}, 0],
  ])('are %s', (_, nic, count) => {
    expect(presentVfs({ pciAddress: PF, ...nic })).toBe(count);
  });

  it.each<[string, boolean, Partial<ObservedInterface>]>([
    ['with a number', true, { name: 'ens2f0', numVfs: 0 }],
    ['with a list', true, { name: 'ens2f0', Vfs: [] }],
    ['with a driver, as a daemon reports it', true, { name: 'ens2f0', driver: 'ice' }],
    ['without driver and interface', true, {}],
    ['with an interface alone, as somebody writes it down', false, { name: 'ens2f0' }],
  ])('are told of by a PF %s: %s', (_, isTold, nic) => {
    expect(tellsOfVfs({ pciAddress: PF, ...nic })).toBe(isTold);
  });
});

describe('limitingFields', () => {
  const fields = { driver: 'ice', name: 'ens2f0', vendor: '8086', totalvfs: 64, eSwitchMode: 'legacy', mtu: 1500 };

  it('keeps what limits a PF, and the number of its VFs instead of the VFs', () => {
    const nic = { ...fields, pciAddress: PF, linkType: 'ETH', mac: '02:00:00:00:00:01' };
    const Vfs = [{ vfID: 0, pciAddress: VF.pciAddress }];
    expect(limitingFields({ ...nic, Vfs })).toStrictEqual({ ...fields, linkType: 'ETH', numVfs: 1 });
  });

  it('invents nothing where the node does not tell of VFs', () => {
    expect(limitingFields({ pciAddress: PF, name: 'ens2f0' })).toStrictEqual({ name: 'ens2f0' });
  });
});

import { describe, expect, it } from '@jest/globals';
import { type ObservedInterface } from '@sriov/api';
import { factsOfStatus, limitingFields, type PfFacts, presentVfs, tellsOfVfs } from './pf-facts.ts';

const PF = '0000:3b:00.0';
const VF = { vfID: 0, pciAddress: '0000:3b:02.0' };

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
    ['the length of its list', { Vfs: [VF] }, 1],
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
  ])('are reported for a PF %s: %s', (_, isTold, nic) => {
    expect(tellsOfVfs({ pciAddress: PF, ...nic })).toBe(isTold);
  });
});

describe('limitingFields', () => {
  const fields = { driver: 'ice', name: 'ens2f0', vendor: '8086', totalvfs: 64, eSwitchMode: 'legacy', mtu: 1500 };

  it('keeps what limits a PF, and the number of its VFs instead of the VFs', () => {
    const nic = { ...fields, pciAddress: PF, linkType: 'ETH', mac: '02:00:00:00:00:01' };
    const Vfs = [VF];
    expect(limitingFields({ ...nic, Vfs })).toStrictEqual({ ...fields, linkType: 'ETH', numVfs: 1 });
  });

  it('invents nothing where the node does not tell of VFs', () => {
    expect(limitingFields({ pciAddress: PF, name: 'ens2f0' })).toStrictEqual({ name: 'ens2f0' });
  });
});

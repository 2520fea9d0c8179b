import { describe, expect, it } from '@jest/globals';
import { type NicSelector, type ObservedInterface } from '@sriov/api';
import { nic } from '@sriov/testing/objects';
import { explainMismatch } from './explain-selector.ts';
import { readSelector } from './nic-selector.ts';

const INTERFACES = [
  nic('ens2f0', '0000:3b:00.0', { deviceID: '159b', altNames: ['left'] }),
  nic('eno1np0', '0000:18:00.0', { vendor: '15b3', deviceID: '101d', totalvfs: 0 }),
  nic('usb0', '0000:00:14.0', { vendor: '0bda', deviceID: '8153', totalvfs: 0 }),
];

function explain(nicSelector: NicSelector, interfaces: readonly ObservedInterface[] = INTERFACES): string | undefined {
  const selector = readSelector(nicSelector);
  if (!selector.ok) throw new Error(selector.message);
  return explainMismatch(selector.value, interfaces);
}

describe('explainMismatch', () => {
  it.each<[string, NicSelector, string]>([
    ['an id in capitals', { deviceID: '159B' }, 'deviceID "159B" matches no PF, and 159b would: write that'],
    ['an id with 0x', { vendor: '0x8086' }, 'vendor "0x8086" matches no PF, and 8086 would: write that'],
    ['an id without its zeros', { vendor: 'bda' }, 'vendor "bda" matches no PF, and 0bda would: write that'],
    [
      'an address without its domain',
      { rootDevices: ['3b:00.0'] },
      'rootDevices "3b:00.0" matches no PF, and 0000:3b:00.0 would: write that',
    ],
    [
      'an address with VFs behind it',
      { rootDevices: ['0000:3B:00.0#0-3'] },
      'rootDevices "0000:3B:00.0#0-3" matches no PF, and 0000:3b:00.0 without "#0-3" (give VF ranges in pfNames) would: write that',
    ],
    [
      'an address without its function',
      { rootDevices: ['3b:00'] },
      'rootDevices "3b:00" matches no PF, and 0000:3b:00.0 would: write that',
    ],
    ['a name with blanks', { pfNames: [' ens2f0'] }, 'pfNames " ens2f0" matches no PF, and ens2f0 would: write that'],
    ['a name in capitals', { pfNames: ['LEFT'] }, 'pfNames "LEFT" matches no PF, and left would: write that'],
    ['a name without its port', { pfNames: ['eno1'] }, 'pfNames "eno1" matches no PF, and eno1np0 would: write that'],
    [
      'a name with another port',
      { pfNames: ['ens2f0np1'] },
      'pfNames "ens2f0np1" matches no PF, and ens2f0 would: write that',
    ],
  ])('names what was meant by %s', (_, selector, text) => {
    expect(explain(selector)).toBe(`spec.nicSelector.${text}`);
  });

  it('names each part that is nearly right', () => {
    expect(explain({ vendor: '0x8086', deviceID: '159B' })).toBe(
      'spec.nicSelector.vendor "0x8086" matches no PF, and 8086 would: write that; spec.nicSelector.deviceID "159B" matches no PF, and 159b would: write that',
    );
  });

  it('names a part that is nearly right although others of its kind select something', () => {
    expect(explain({ pfNames: ['ens2f0', 'eno1'] })).toContain('"eno1" matches no PF, and eno1np0 would');
    expect(explain({ pfNames: ['eno1', 'eno1np0'] })).toBeUndefined();
    expect(explain({ rootDevices: ['18:00.0', '0000:18:00.0'] })).toBeUndefined();
  });

  it.each<[string, NicSelector, string]>([
    ['a name', { pfNames: ['ens9f0'] }, 'pfNames "ens9f0" matches no PF (there are eno1np0, ens2f0)'],
    ['names', { pfNames: ['ens8', 'ens9'] }, 'pfNames "ens8", "ens9" matches no PF (there are eno1np0, ens2f0)'],
    ['a vendor', { vendor: '14e4' }, 'vendor "14e4" matches no PF (there are 0bda, 15b3, 8086)'],
    [
      'a short name that every name begins with',
      { pfNames: ['en'] },
      'pfNames "en" matches no PF (there are eno1np0, ens2f0)',
    ],
    [
      'an address',
      { rootDevices: ['0000:99:00.0'] },
      'rootDevices "0000:99:00.0" matches no PF (there are 0000:00:14.0, 0000:18:00.0, 0000:3b:00.0)',
    ],
  ])('says what there is instead of %s that no PF has', (_, selector, text) => {
    expect(explain(selector)).toBe(`spec.nicSelector.${text}`);
  });

  it('offers PFs whose firmware can be told to allow VFs, and none that can have no VFs', () => {
    expect(explain({ pfNames: ['ens9f0'] }, INTERFACES.slice(1))).toContain('(there is eno1np0)');
    expect(explain({ pfNames: ['ens9f0'] }, INTERFACES.slice(2))).toBe(
      'spec.nicSelector.pfNames "ens9f0" matches no PF',
    );
  });

  it('names the first few of many', () => {
    const many = Array.from({ length: 10 }, (_, index) => nic(`ens${index}`, `0000:0${index}:00.0`));
    expect(explain({ pfNames: ['other'] }, many)).toBe(
      'spec.nicSelector.pfNames "other" matches no PF (there are ens0, ens1, ens2, ens3, ens4, ens5, ens6, ens7 and 2 more)',
    );
  });

  it('says so when each part fits a PF, and no PF fits all parts', () => {
    expect(explain({ vendor: '15b3', pfNames: ['ens2f0'] })).toBe(
      'each part of spec.nicSelector matches some PF, and no PF matches all of them',
    );
  });

  it.each<[string, NicSelector, readonly ObservedInterface[]]>([
    ['a selector that selects a PF', { vendor: '8086' }, INTERFACES],
    ['an empty selector', {}, INTERFACES],
    ['nodes without PFs', { vendor: '14e4' }, []],
    ['a net filter, whose networks have no names that are nearly right', { netFilter: 'aws/NetworkID:a' }, INTERFACES],
  ])('has nothing to explain about %s', (_, selector, interfaces) => {
    expect(explain(selector, interfaces)).toBeUndefined();
  });
});

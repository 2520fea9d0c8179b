import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ObservedPf } from '@sriov/observed-host';
import { boundGuestDevice, guestDevice, macOfGuest } from '../test/test-guest.ts';
import { testLink, testPf } from '../test/test-host.ts';
import { assignPorts } from './assign-ports.ts';
import { type KnownPort } from './known-port.ts';

const network = (name: string): string => `openstack/NetworkID:${name}`;
const told = (number: number, name: string, pciAddress?: string): KnownPort => ({
  mac: macOfGuest(number),
  network: network(name),
  ...(pciAddress !== undefined && { pciAddress }),
});
const at = (number: number): string => `0000:00:0${number}.0`;
const remembered = (number: number, name: string, place = number): KnownPort => ({
  ...told(number, name, at(place)),
  name: `eth${number}`,
});
const networksOf = (
  interfaces: readonly ObservedPf[],
  sources: { told?: readonly KnownPort[]; remembered?: readonly KnownPort[] },
): unknown =>
  Object.fromEntries(
    [...assignPorts({ interfaces }, { told: sources.told, remembered: sources.remembered ?? [] }).ports].map(
      ([pciAddress, port]) => [pciAddress, port.network.split(':')[1]],
    ),
  );

describe('the networks of ports', () => {
  it.each<[string, readonly ObservedPf[], Parameters<typeof networksOf>[1], Record<string, string>]>([
    ['are those of their MAC addresses', [guestDevice(4)], { told: [told(4, 'a')] }, { [at(4)]: 'a' }],
    [
      'do not follow a PCI address that the platform has wrong',
      [guestDevice(4), guestDevice(5)],
      { told: [told(4, 'a', at(5)), told(5, 'b', at(4))] },
      { [at(4)]: 'a', [at(5)]: 'b' },
    ],
    [
      'are those of the address that the device was made with',
      [guestDevice(4, { link: testLink({ mac: macOfGuest(9), permanentMac: macOfGuest(4) }) })],
      { told: [told(4, 'a')] },
      { [at(4)]: 'a' },
    ],
    [
      'follow the MAC address in upper case',
      [guestDevice(4, { link: testLink({ mac: macOfGuest(4).toUpperCase() }) })],
      { told: [told(4, 'a')] },
      { [at(4)]: 'a' },
    ],
    ['are unknown where nobody tells', [guestDevice(4)], { told: [told(5, 'b')] }, {}],
    ['of a device that can have VFs itself do not count', [testPf()], { told: [told(4, 'a')] }, {}],
    [
      'stay while the platform cannot be asked',
      [guestDevice(4)],
      { remembered: [remembered(4, 'a')] },
      { [at(4)]: 'a' },
    ],
    [
      'stay while the platform does not name the port, which is there all the same',
      [guestDevice(4)],
      { told: [told(5, 'b')], remembered: [remembered(4, 'a')] },
      { [at(4)]: 'a' },
    ],
    [
      'change with what the platform says',
      [guestDevice(4)],
      { told: [told(4, 'new')], remembered: [remembered(4, 'old')] },
      { [at(4)]: 'new' },
    ],
    [
      'stay where vfio-pci has taken the interface away',
      [boundGuestDevice(4)],
      { told: [told(4, 'a')], remembered: [remembered(4, 'a')] },
      { [at(4)]: 'a' },
    ],
    [
      'of a device without an interface, of which nothing is remembered, are those of its hint',
      [boundGuestDevice(4)],
      { told: [told(4, 'a', at(4))] },
      { [at(4)]: 'a' },
    ],
    [
      'are not given to a device without an interface when another shows the MAC address',
      [boundGuestDevice(4), guestDevice(5, { link: testLink({ mac: macOfGuest(4) }) })],
      { told: [told(4, 'a', at(4))], remembered: [remembered(4, 'a')] },
      { [at(5)]: 'a' },
    ],
    ['of one MAC address in two networks do not count', [guestDevice(4)], { told: [told(4, 'a'), told(4, 'b')] }, {}],
    [
      'of one MAC address in the subnets of a network do',
      [guestDevice(4)],
      { told: [told(4, 'a'), told(4, 'a')] },
      { [at(4)]: 'a' },
    ],
    [
      'of two devices with one MAC address are those that were known before',
      [guestDevice(4), guestDevice(5, { link: testLink({ mac: macOfGuest(4) }) })],
      { told: [told(4, 'a')], remembered: [remembered(4, 'a')] },
      { [at(4)]: 'a' },
    ],
  ])('%s', (_, interfaces, sources, expected) => {
    expect(networksOf(interfaces, sources)).toEqual(expected);
  });

  it('warn of MAC addresses that two devices have, and of one that is in two networks', () => {
    const twins = [guestDevice(4), guestDevice(5, { link: testLink({ name: 'eth5', mac: macOfGuest(4) }) })];
    expect(assignPorts({ interfaces: twins }, { remembered: [] }).warnings).toEqual([
      'eth4 (0000:00:04.0) and eth5 (0000:00:05.0) have the same MAC address fa:16:3e:00:00:04, so the metadata of the platform does not tell their networks',
    ]);
    const told2 = [told(4, 'a'), told(4, 'b')];
    expect(assignPorts({ interfaces: [] }, { told: told2, remembered: [] }).warnings).toEqual([
      'the metadata of the platform has more than one network for fa:16:3e:00:00:04: none counts',
    ]);
  });

  it('are remembered with the name of the interface, also while that is gone', () => {
    const first = assignPorts({ interfaces: [guestDevice(4)] }, { told: [told(4, 'a')], remembered: [] });
    expect(first.known).toEqual([remembered(4, 'a')]);
    const next = assignPorts({ interfaces: [boundGuestDevice(4)] }, { remembered: first.known });
    expect(next.known).toEqual(first.known);
    expect(next.ports.get(at(4))).toMatchObject({ name: 'eth4' });
  });

  it('of a device that has gone are remembered until the platform drops it', () => {
    const known = [remembered(4, 'a')];
    expect(assignPorts({ interfaces: [] }, { remembered: known }).known).toEqual(known);
    expect(assignPorts({ interfaces: [] }, { told: [told(4, 'a')], remembered: known }).known).toEqual(known);
    expect(assignPorts({ interfaces: [] }, { told: [told(5, 'b')], remembered: known }).known).toEqual([]);
  });

  it('do not go because the platform goes silent, whatever the host and the platform were like', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });
    const ports = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom('a', 'b')), { maxLength: 9 });
    fc.assert(
      fc.property(numbers, ports, numbers, (devices, answers, bound) => {
        const interfaces = devices.map((number) => guestDevice(number));
        const first = assignPorts({ interfaces }, { told: answers.map((each) => told(...each)), remembered: [] });
        const later = devices.map((each) => (bound.includes(each) ? boundGuestDevice(each) : guestDevice(each)));
        const second = assignPorts({ interfaces: later }, { remembered: first.known });
        expect([...second.ports].sort()).toEqual([...first.ports].sort());
      }),
    );
  });
});

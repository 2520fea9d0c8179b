import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type ObservedInterface } from '@sriov/api';
import { findBridgeRefusals, findRdmaRefusal } from './node-limits.ts';
import { factsOfStatus } from './pf-facts.ts';
import { findRefusal } from './pf-limits.ts';
import { type Refusal } from './refusal.ts';

const PF = '0000:3b:00.0';
const NIC: ObservedInterface = {
  pciAddress: PF,
  vendor: '8086',
  driver: 'ice',
  name: 'ens2f0',
  totalvfs: 64,
  numVfs: 2,
  mtu: 1500,
  linkType: 'ETH',
  eSwitchMode: 'legacy',
};

const refusal = (nic: Partial<ObservedInterface>, desired: Partial<DesiredInterface>): Refusal | undefined =>
  findRefusal({ pciAddress: PF, numVfs: 3, ...desired }, factsOfStatus({ ...NIC, ...nic }));

describe('what a PF is refused', () => {
  it.each<[string, Partial<ObservedInterface>, Partial<DesiredInterface>]>([
    ['as many VFs as it can have', {}, { numVfs: 64 }],
    ['the eSwitch mode that it has', { eSwitchMode: 'switchdev' }, { eSwitchMode: 'switchdev' }],
    ['the link type that it has, however it is written', {}, { linkType: 'eth' }],
    ['a link type that nobody knows of it', { linkType: '' }, { linkType: 'ib' }],
    ['VFs that its owner has made', {}, { numVfs: 2, externallyManaged: true }],
    ['as many VFs as its firmware allows', { vendor: '15b3', totalvfs: 3 }, {}],
  ])('is not %s', (_, nic, desired) => {
    expect(refusal(nic, desired)).toBeUndefined();
  });

  it.each<[string, Partial<ObservedInterface>, Partial<DesiredInterface>, Refusal['reason'], RegExp]>([
    ['more VFs than it can have', { totalvfs: 2 }, {}, 'SpecInvalid', /3 VFs are wanted, and the PF can have 2/],
    [
      'more VFs than its firmware allows now, with what reaches them',
      { vendor: '15b3', totalvfs: 1 },
      {},
      'Unsupported',
      /3 VFs .* firmware of the NIC allows 1, .* NUM_OF_VFS=3 .* reboot the node/,
    ],
    [
      'VFs while its firmware allows none',
      { vendor: '15b3', totalvfs: 0 },
      {},
      'Unsupported',
      /firmware of the NIC allows 0, .* NUM_OF_VFS=3/,
    ],
    [
      'another eSwitch mode',
      {},
      { eSwitchMode: 'switchdev' },
      'Unsupported',
      /switchdev is wanted.*cannot change legacy/,
    ],
    [
      'anything while its eSwitch mode is unknown',
      { eSwitchMode: 'unknown' },
      {},
      'InterfaceUnreadable',
      /eSwitch mode could not be read: the PF is left as it is/,
    ],
    ['another link type', {}, { linkType: 'IB' }, 'Unsupported', /link type IB is wanted.*cannot change ETH/],
    ['vDPA devices', {}, { vfGroups: [{ vdpaType: 'vhost' }] }, 'Unsupported', /vDPA/],
    [
      'more VFs than its owner has made',
      {},
      { externallyManaged: true },
      'SpecInvalid',
      /externallyManaged: 3 VFs are wanted, and its owner has made 2/,
    ],
    [
      'a larger MTU than its owner has set',
      {},
      { numVfs: 2, mtu: 9000, externallyManaged: true },
      'SpecInvalid',
      /9000.*1500/,
    ],
  ])('is %s', (_, nic, desired, reason, message) => {
    expect(refusal(nic, desired)).toEqual({ reason, message: expect.stringMatching(message) });
  });

  it('is everything while no driver is bound, and while SR-IOV is switched off', () => {
    const { driver: _driver, name: _name, ...unbound } = NIC;
    expect(findRefusal({ pciAddress: PF }, factsOfStatus(unbound))?.message).toMatch(/no driver is bound/);
    const { totalvfs: _totalvfs, ...without } = NIC;
    expect(findRefusal({ pciAddress: PF }, factsOfStatus(without))?.message).toMatch(/no SR-IOV capability/);
    const mellanox = factsOfStatus({ ...without, vendor: '15b3' });
    expect(findRefusal({ pciAddress: PF, numVfs: 3 }, mellanox)?.message).toMatch(/SR-IOV switched off.*SRIOV_EN=1/);
  });
});

describe('what a node is refused', () => {
  it('is another RDMA mode than it has, which is shared unless it tells otherwise', () => {
    expect(findRdmaRefusal(undefined, 'exclusive')).toBeUndefined();
    expect(findRdmaRefusal('exclusive', 'exclusive')).toBeUndefined();
    expect(findRdmaRefusal('shared', undefined)).toBeUndefined();
    expect(findRdmaRefusal('exclusive', undefined)?.message).toMatch(
      /exclusive is wanted.*cannot change shared.*netns_mode=0/,
    );
    expect(findRdmaRefusal('shared', 'exclusive')?.message).toMatch(
      /shared is wanted.*cannot change exclusive.*netns_mode=1/,
    );
  });

  it('is each bridge, with the PF that it is for', () => {
    const bridges = { ovs: [{ name: 'br-0000_3b_00.0', uplinks: [{ pciAddress: PF }] }] };
    expect(findBridgeRefusals({ bridges })).toEqual([
      { pciAddress: PF, reason: 'Unsupported', message: expect.stringMatching(/bridge br-0000_3b_00.0 is wanted/) },
    ]);
    expect(findBridgeRefusals({})).toEqual([]);
  });
});

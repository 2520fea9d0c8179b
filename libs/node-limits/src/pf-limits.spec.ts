import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type ObservedInterface } from '@sriov/api';
import { factsOfStatus, type PfFacts } from './pf-facts.ts';
import { reachableVfs } from './firmware-limits.ts';
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

const VDPA_NIC = { vendor: '15b3', eSwitchMode: 'switchdev' };
const SWITCHDEV = { eSwitchMode: 'switchdev' };

describe('what a PF is refused', () => {
  it.each<[string, Partial<ObservedInterface>, Partial<DesiredInterface>]>([
    ['as many VFs as it can have', {}, { numVfs: 64 }],
    ['another eSwitch mode', {}, { eSwitchMode: 'switchdev' }],
    ['legacy mode while it is in switchdev', { eSwitchMode: 'switchdev' }, {}],
    ['the eSwitch mode that it has', { eSwitchMode: 'switchdev' }, { eSwitchMode: 'switchdev' }],
    ['the link type that it has, however it is written', {}, { linkType: 'eth' }],
    ['a link type that nobody knows of it', { linkType: '' }, { linkType: 'ib' }],
    ['VFs that its owner has made', {}, { numVfs: 2, externallyManaged: true }],
    ['as many VFs as its firmware allows', { vendor: '15b3', totalvfs: 3 }, {}],
    ['more VFs than its firmware allows now', { vendor: '15b3', totalvfs: 1 }, {}],
    ['another link type that its firmware may have', { vendor: '15b3' }, { linkType: 'ib' }],
    ['legacy mode, which nothing names', { eSwitchMode: 'legacy' }, { eSwitchMode: '' }],
    ['groups without vDPA devices', {}, { vfGroups: [{ deviceType: 'netdevice' }, { vdpaType: '' }] }],
    [
      'vDPA devices, in switchdev mode, of a NIC that makes them',
      VDPA_NIC,
      {
        ...SWITCHDEV,
        vfGroups: [
          { vdpaType: 'vhost', deviceType: 'netdevice' },
          { vdpaType: 'virtio', deviceType: '' },
        ],
      },
    ],
    [
      'vDPA devices of VFs that their owner has made',
      VDPA_NIC,
      { ...SWITCHDEV, numVfs: 2, externallyManaged: true, vfGroups: [{ vdpaType: 'vhost' }] },
    ],
    ['a larger MTU than it has, where it is ours', {}, { mtu: 9000 }],
    ['the MTU that its owner has set', {}, { numVfs: 2, mtu: 1500, externallyManaged: true }],
  ])('is not %s', (_, nic, desired) => {
    expect(refusal(nic, desired)).toBeUndefined();
  });

  it.each<[string, Partial<ObservedInterface>, Partial<DesiredInterface>, Refusal['reason'], RegExp]>([
    ['more VFs than it can have', { totalvfs: 2 }, {}, 'SpecInvalid', /3 VFs are wanted, and the PF can have 2/],
    [
      'more VFs than any firmware allows',
      { vendor: '15b3', totalvfs: 1 },
      { numVfs: 129 },
      'SpecInvalid',
      /129 VFs are wanted, and the PF can have 128/,
    ],
    [
      'more VFs than its firmware allows, where someone else manages it',
      { vendor: '15b3', totalvfs: 1 },
      { externallyManaged: true },
      'SpecInvalid',
      /3 VFs are wanted, and the PF can have 1$/,
    ],
    [
      'a link type that there is not',
      { vendor: '15b3' },
      { linkType: 'fddi' },
      'Unsupported',
      /link type fddi is wanted, and nothing can change ETH on this device/,
    ],
    [
      'another link type, where someone else manages it',
      { vendor: '15b3' },
      { numVfs: 2, linkType: 'IB', externallyManaged: true },
      'Unsupported',
      /link type IB is wanted/,
    ],
    [
      'another eSwitch mode, where its driver has no eSwitch',
      { driver: 'ixgbe' },
      { eSwitchMode: 'switchdev' },
      'Unsupported',
      /switchdev is wanted.*no eSwitch.*its driver ixgbe/,
    ],
    [
      'another eSwitch mode on an InfiniBand port',
      { driver: 'mlx5_core', linkType: 'IB' },
      { eSwitchMode: 'switchdev' },
      'Unsupported',
      /an InfiniBand port has none/,
    ],
    [
      'an eSwitch mode that nobody knows',
      {},
      { eSwitchMode: 'switchdev_inactive' },
      'SpecInvalid',
      /switchdev_inactive is wanted, and there are only legacy and switchdev/,
    ],
    [
      'another eSwitch mode than its owner has set',
      {},
      { eSwitchMode: 'switchdev', numVfs: 2, externallyManaged: true },
      'SpecInvalid',
      /externallyManaged: eSwitch mode switchdev is wanted, and its owner has set legacy/,
    ],
    [
      'anything while its eSwitch mode is unknown',
      { eSwitchMode: 'unknown' },
      {},
      'InterfaceUnreadable',
      /eSwitch mode could not be read: the PF is left as it is/,
    ],
    ['fewer VFs than none', {}, { numVfs: -1 }, 'SpecInvalid', /^-1 VFs are wanted$/],
    [
      'another link type',
      {},
      { linkType: 'IB' },
      'Unsupported',
      /link type IB is wanted, and nothing can change ETH on this device/,
    ],
    [
      'vDPA devices in legacy mode',
      { vendor: '15b3' },
      { vfGroups: [{ vdpaType: 'vhost' }] },
      'SpecInvalid',
      /^vDPA devices are wanted, and eSwitch mode legacy: set eSwitchMode switchdev in all policies of the PF/,
    ],
    [
      'vDPA devices of VFs without their kernel driver',
      VDPA_NIC,
      { ...SWITCHDEV, vfGroups: [{ vdpaType: 'vhost', deviceType: 'vfio-pci' }] },
      'SpecInvalid',
      /with deviceType vfio-pci, .*: set deviceType netdevice in the policy, or remove vdpaType$/,
    ],
    [
      'vDPA devices of a type that there is not',
      VDPA_NIC,
      { ...SWITCHDEV, vfGroups: [{ vdpaType: 'vhost' }, { vdpaType: 'vduse' }] },
      'SpecInvalid',
      /^vdpaType vduse is wanted, and there are only virtio and vhost$/,
    ],
    [
      'vDPA devices where the NIC makes none',
      { eSwitchMode: 'switchdev' },
      { ...SWITCHDEV, vfGroups: [{ vdpaType: 'virtio' }] },
      'Unsupported',
      /^vDPA devices are wanted, and only NICs of vendor 15b3 make them, not one of vendor 8086: remove vdpaType/,
    ],
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
    expect(findRefusal({ pciAddress: PF, numVfs: 3 }, mellanox)).toBeUndefined();
    expect(findRefusal({ pciAddress: PF, numVfs: 0 }, mellanox)?.message).toMatch(/no SR-IOV capability/);
  });
});

describe('what the daemon knows and a status does not', () => {
  const onHost = (desired: Partial<DesiredInterface>, facts: Partial<PfFacts>): Refusal | undefined =>
    findRefusal({ pciAddress: PF, numVfs: 2, ...desired }, { ...factsOfStatus(NIC), ...facts });

  it('refuses a larger MTU than the device can have, and that alone', () => {
    expect(onHost({ mtu: 9703 }, { maxMtu: 9702 })).toEqual({
      reason: 'SpecInvalid',
      message: 'MTU 9703 is wanted, and the device can have 9702',
    });
    expect(onHost({ mtu: 9702 }, { maxMtu: 9702 })).toBeUndefined();
    expect(onHost({ mtu: 9703 }, { maxMtu: undefined })).toBeUndefined();
  });

  it('says why the eSwitch mode is unknown', () => {
    const message = onHost({}, { eSwitchMode: 'unknown', eSwitchUnknown: 'devlink: EIO' })?.message;
    expect(message).toMatch(/eSwitch mode could not be read \(devlink: EIO\): the PF is left/);
  });

  it('refuses no MTU to an owner whose PF shows none', () => {
    expect(onHost({ mtu: 9000, externallyManaged: true }, { mtu: undefined })).toBeUndefined();
  });
});

describe('what a port of a virtual machine is refused', () => {
  const port: Partial<ObservedInterface> = { netFilter: 'openstack/NetworkID:a', totalvfs: 1, numVfs: 1 };

  it.each<[string, Partial<ObservedInterface>, Partial<DesiredInterface>]>([
    ['to be one VF', port, { numVfs: 1 }],
    ['to be left alone', port, { numVfs: 0 }],
    ['what a PF needs: a driver, and SR-IOV', { ...port, driver: '', name: '', totalvfs: undefined }, { numVfs: 1 }],
    ['legacy mode', port, { numVfs: 1, eSwitchMode: 'legacy' }],
  ])('is not %s', (_, nic, desired) => {
    expect(refusal(nic, desired)).toBeUndefined();
  });

  it.each<[string, Partial<DesiredInterface>, Refusal['reason'], RegExp]>([
    ['more VFs than one', { numVfs: 2 }, 'SpecInvalid', /2 VFs are wanted, .* set numVfs to 1/],
    ['fewer VFs than none', { numVfs: -1 }, 'SpecInvalid', /-1 VFs are wanted/],
    ['an eSwitch', { numVfs: 1, eSwitchMode: 'switchdev' }, 'Unsupported', /has no eSwitch/],
    ['another link type', { numVfs: 1, linkType: 'ib' }, 'Unsupported', /link type ib is wanted/],
    ['a vDPA device', { numVfs: 1, vfGroups: [{ vdpaType: 'vhost' }] }, 'Unsupported', /a vDPA device is wanted/],
  ])('is %s', (_, desired, reason, message) => {
    expect(refusal(port, desired)).toEqual({ reason, message: expect.stringMatching(message) });
  });
});

describe('reachableVfs', () => {
  it.each<[string, Pick<PfFacts, 'vendor' | 'totalVfs'> & { isPort?: true }, number]>([
    ['what the PF allows now', { vendor: '8086', totalVfs: 64 }, 64],
    ['none without SR-IOV capability', { vendor: '8086', totalVfs: undefined }, 0],
    ['what the firmware can be raised to', { vendor: '15b3', totalVfs: 8 }, 128],
    ['what the firmware allows already', { vendor: '15b3', totalVfs: 256 }, 256],
    ['the port of a virtual machine itself', { vendor: '15b3', totalVfs: undefined, isPort: true }, 1],
  ])('is %s', (_, facts, vfs) => {
    expect(reachableVfs({ isPort: false, ...facts })).toBe(vfs);
  });
});

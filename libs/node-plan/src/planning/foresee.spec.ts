import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, type ObservedInterface, type SriovNetworkNodeState } from '@sriov/api';
import { describePlan } from '../words/describe-plan.ts';
import { PF } from '../test/test-host.ts';
import { foresee, foreseeDrains } from './foresee.ts';

/** As a daemon reports it. */
const NIC: ObservedInterface = {
  pciAddress: PF,
  vendor: '8086',
  deviceID: '10c9',
  driver: 'igb',
  name: 'ens1',
  mac: '52:54:00:aa:00:10',
  mtu: 1500,
  totalvfs: 7,
  numVfs: 0,
  linkType: 'ETH',
};
const VF = { vendor: '8086', deviceID: '10ca', driver: 'igbvf' };
/** As somebody writes it down by hand. */
const BY_HAND: ObservedInterface = { pciAddress: PF, name: 'ens1', totalvfs: 7, linkType: 'ETH' };

const SWITCHDEV = { eSwitchMode: 'switchdev' };
const MLX5: ObservedInterface = { ...NIC, ...SWITCHDEV, vendor: '15b3', driver: 'mlx5_core' };
const VHOST = { vfRange: '0-1', deviceType: 'netdevice', vdpaType: 'vhost' };

interface World {
  readonly nic?: ObservedInterface;
  readonly wanted: Partial<DesiredInterface>;
  readonly ordered?: Partial<DesiredInterface>;
}

function lines({ nic = NIC, wanted, ordered }: World): string[] | undefined {
  const state: SriovNetworkNodeState = {
    metadata: { name: 'node-1' },
    status: { interfaces: [nic] },
    ...(ordered && { spec: { interfaces: [{ pciAddress: PF, ...ordered }] } }),
  };
  const spec = { interfaces: [{ pciAddress: PF, ...wanted }] };
  const plan = foresee({ spec, plannedFrom: new Set([PF]) }, state);
  return plan && describePlan(plan);
}

describe('foresee', () => {
  it.each<[string, SriovNetworkNodeState | undefined]>([
    ['is not known', undefined],
    ['has not reported', { metadata: { name: 'node-1' } }],
    ['has reported no device', { metadata: { name: 'node-1' }, status: { interfaces: [] } }],
  ])('foresees nothing of a node that %s', (_, state) => {
    expect(foresee({ spec: {}, plannedFrom: new Set() }, state)).toBeUndefined();
  });

  it('knows what nothing is wanted of, and what was never ordered', () => {
    const state: SriovNetworkNodeState = { metadata: { name: 'node-1' }, spec: {}, status: { interfaces: [NIC] } };
    expect(foresee({ spec: {}, plannedFrom: new Set([PF]) }, state)).toMatchObject({ pfs: [], problems: [] });
  });

  it.each<[string, World, string[]]>([
    [
      'VFs of a PF that has none',
      { wanted: { numVfs: 1, vfGroups: [{ vfRange: '0-0', deviceType: 'netdevice' }] } },
      [
        'load kernel module igbvf unless it is loaded',
        `ens1 (${PF}):`,
        '  because the number of VFs is 0, not 1',
        '  turn driver probing of new VFs off',
        '  create 1 VF',
        '  VF 0: set its MAC address, bind igbvf',
        '  turn driver probing of new VFs on',
      ],
    ],
    [
      'a larger MTU than is reported',
      { wanted: { mtu: 9000 } },
      [`ens1 (${PF}):`, '  because the MTU is 1500, and 9000 is wanted', '  set the MTU of the PF to 9000'],
    ],
    [
      'a link that is reported as down',
      { nic: { ...NIC, linkAdminState: 'down' }, wanted: {} },
      [`ens1 (${PF}):`, '  because the link is down', '  set the link up'],
    ],
    ['no link to set up that is reported as up', { nic: { ...NIC, linkAdminState: 'up' }, wanted: {} }, []],
    [
      'the driver of a VF that is reported',
      {
        nic: { ...NIC, numVfs: 1, Vfs: [{ vfID: 0, pciAddress: '0000:01:10.0', mac: '02:00:00:00:00:01' }] },
        wanted: { numVfs: 1, vfGroups: [{ vfRange: '0-0', deviceType: 'netdevice' }] },
      },
      [
        'load kernel module igbvf unless it is loaded',
        `ens1 (${PF}):`,
        '  because VF 0 has no driver, not igbvf',
        '  VF 0: bind igbvf',
      ],
    ],
    [
      'the MTU of a VF that is reported',
      {
        nic: {
          ...NIC,
          Vfs: [{ vfID: 0, pciAddress: '0000:01:10.0', driver: 'igbvf', name: 'ens1v0', mtu: 1500 }],
          numVfs: 1,
        },
        wanted: { numVfs: 1, vfGroups: [{ vfRange: '0-0', deviceType: 'netdevice', mtu: 9000 }] },
      },
      [`ens1 (${PF}):`, '  because VF 0 has MTU 1500, not 9000', '  VF 0: set its MTU to 9000'],
    ],
    [
      'no MTU of a VF without an interface',
      {
        nic: { ...NIC, numVfs: 1, Vfs: [{ vfID: 0, pciAddress: '0000:01:10.0', driver: 'igbvf', mtu: 1500 }] },
        wanted: { numVfs: 1, vfGroups: [{ vfRange: '0-0', deviceType: 'netdevice', mtu: 9000 }] },
      },
      [],
    ],
    [
      'nothing of VFs that are counted and not reported one by one',
      {
        nic: { ...NIC, numVfs: 2 },
        wanted: { numVfs: 2, vfGroups: [{ vfRange: '0-1', deviceType: 'vfio-pci' }] },
      },
      [],
    ],
    [
      'that vDPA devices are not made where the NIC makes none, even of VFs that are not reported one by one',
      { nic: { ...NIC, ...SWITCHDEV, numVfs: 2 }, wanted: { ...SWITCHDEV, numVfs: 2, vfGroups: [VHOST] } },
      [
        `not done (Unsupported): ens1 (${PF}): vDPA devices are wanted, and only NICs of vendor 15b3 make them, not one of vendor 8086: remove vdpaType from the policy, or select other NICs`,
      ],
    ],
    [
      'nothing of vDPA devices where VFs are not reported one by one',
      { nic: { ...MLX5, numVfs: 2 }, wanted: { ...SWITCHDEV, numVfs: 2, vfGroups: [VHOST] } },
      [],
    ],
    [
      'the vDPA devices that VFs do not have',
      {
        nic: {
          ...MLX5,
          numVfs: 2,
          Vfs: [
            { vfID: 0, pciAddress: '0000:01:00.2', driver: 'mlx5_core', vdpaType: 'vhost' },
            { vfID: 1, pciAddress: '0000:01:00.3', driver: 'mlx5_core', vdpaType: 'virtio' },
          ],
        },
        wanted: { ...SWITCHDEV, numVfs: 2, vfGroups: [VHOST] },
      },
      [
        'load kernel module vhost_vdpa unless it is loaded',
        `ens1 (${PF}):`,
        '  because the vDPA device of VF 1 has driver virtio_vdpa, not vhost_vdpa',
        '  VF 1: bind its vDPA device to vhost_vdpa',
      ],
    ],
    [
      'that nothing is done while the eSwitch mode is unknown',
      { nic: { ...NIC, eSwitchMode: 'unknown' }, wanted: {} },
      [
        `not done (InterfaceUnreadable): ens1 (${PF}): the eSwitch mode could not be read (as its daemon reports): the PF is left as it is until it can`,
      ],
    ],
    [
      'that nothing is done without a driver',
      { nic: { pciAddress: PF, totalvfs: 7 }, wanted: { numVfs: 1 } },
      [
        `not done (Unsupported): ${PF}: no driver is bound to the PF: load its driver, or look into dmesg why it does not bind`,
      ],
    ],
  ])('foresees %s', (_, world, expected) => {
    expect(lines(world)).toEqual(expected);
  });

  it.each<[string, World, string[]]>([
    [
      'the VFs that were ordered last',
      { wanted: { numVfs: 2 }, ordered: { numVfs: 3 } },
      ['  because the number of VFs is 3, not 2'],
    ],
    [
      'no VFs where none were ordered',
      { wanted: { numVfs: 2 }, ordered: {} },
      ['  because the number of VFs is 0, not 2'],
    ],
    ['no VFs where nothing was ordered', { wanted: { numVfs: 2 } }, ['  because the number of VFs is 0, not 2']],
    ['the MTU that was ordered last', { wanted: { mtu: 9000 }, ordered: { mtu: 9000 } }, []],
    [
      'the MTU that is written down rather than the one that was ordered',
      { nic: { ...BY_HAND, mtu: 1500 }, wanted: { mtu: 9000 }, ordered: { mtu: 9000 } },
      ['  because the MTU is 1500, and 9000 is wanted'],
    ],
  ])('takes it that a PF which somebody has written down by hand has %s', (_, world, because) => {
    const all = lines({ nic: BY_HAND, ...world }) ?? [];
    expect(all.filter((line) => line.includes('because') || line.startsWith('not done'))).toEqual(because);
  });

  it('knows which VFs would need a drain if somebody had them', () => {
    const Vfs = [0, 1].map((vfID) => ({ ...VF, vfID, pciAddress: `0000:01:10.${vfID}` }));
    const state = { metadata: { name: 'node-1' }, status: { interfaces: [{ ...NIC, numVfs: 2, Vfs }] } };
    const drains = (numVfs: number): number[][] => {
      const plan = foresee({ spec: { interfaces: [{ pciAddress: PF, numVfs }] }, plannedFrom: new Set([PF]) }, state);
      return plan === undefined ? [] : foreseeDrains(plan, state).map(({ vfs }) => [...vfs]);
    };
    expect([drains(2), drains(1)]).toEqual([[], [[0, 1]]]);
  });
});

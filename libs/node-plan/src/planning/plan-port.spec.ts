import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { withPorts } from '../platform/with-ports.ts';
import { boundGuestDevice, guestDevice, macOfGuest } from '../test/test-guest.ts';
import { testFacts, testLink } from '../test/test-host.ts';
import { withdrawalsOf } from '../withdrawal/withdrawals.ts';
import { describePlan } from '../words/describe-plan.ts';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';

const PORT = '0000:00:04.0';
const dpdk = { resourceName: 'd', policyName: 'p', deviceType: 'vfio-pci', vfRange: '0-0' };
const kernel = { ...dpdk, deviceType: 'netdevice' };

/** The device as a port, unless it is one that is known to be none. */
const asPort = (device: ObservedPf): ObservedPf => {
  const ports = new Map([[PORT, { network: 'openstack/NetworkID:a', mac: macOfGuest(4) }]]);
  const [port] = withPorts({ interfaces: [device], problems: [] }, ports).interfaces;
  return port ?? device;
};
const entry = (change: Partial<DesiredInterface> = {}): DesiredInterface => ({
  pciAddress: PORT,
  name: 'eth4',
  numVfs: 1,
  vfGroups: [dpdk],
  ...change,
});
const plan = (
  device: ObservedPf,
  desired: readonly DesiredInterface[],
  change: Partial<HostFacts> = {},
): ReturnType<typeof planHost> => planHost(testFacts([device], desired, change));
const lines = (...args: Parameters<typeof plan>): string[] => describePlan(plan(...args));
const owned = new Map([[PORT, entry()]]);

describe('the plan of a port of a virtual machine', () => {
  it('binds it to vfio-pci, for which there need be no IOMMU', () => {
    expect(lines(asPort(guestDevice(4)), [entry()])).toEqual([
      'let vfio-pci bind devices without an IOMMU (enable_unsafe_noiommu_mode of vfio)',
      'load kernel module vfio-pci unless it is loaded',
      'load kernel module vfio_iommu_type1 unless it is loaded',
      'eth4 (0000:00:04.0):',
      '  because the port has driver virtio-pci, not vfio-pci',
      '  VF 0: unbind its driver, bind vfio-pci',
    ]);
  });

  it.each<[string, ObservedPf, Partial<DesiredInterface>, string[]]>([
    ['leaves vfio-pci as it is', boundGuestDevice(4), {}, []],
    ['leaves the kernel driver as it is', guestDevice(4), { vfGroups: [kernel] }, []],
    [
      'does without the other mode of VFIO where there is an IOMMU',
      guestDevice(4, { iommuGroup: 3 }),
      {},
      [
        'load kernel module vfio-pci unless it is loaded',
        'load kernel module vfio_iommu_type1 unless it is loaded',
        'eth4 (0000:00:04.0):',
        '  because the port has driver virtio-pci, not vfio-pci',
        '  VF 0: unbind its driver, bind vfio-pci',
      ],
    ],
    [
      'gives it back to the kernel, with the MTU',
      boundGuestDevice(4),
      { vfGroups: [{ ...kernel, mtu: 9000 }] },
      [
        '0000:00:04.0:',
        '  because the port has driver vfio-pci, not its kernel driver',
        '  VF 0: unbind its driver, bind default, set its MTU to 9000',
      ],
    ],
    [
      'binds the kernel driver that is missing',
      { ...boundGuestDevice(4), driver: undefined } as unknown as ObservedPf,
      { vfGroups: [kernel] },
      ['0000:00:04.0:', '  because the port has no driver, not its kernel driver', '  VF 0: bind default'],
    ],
    [
      'sets the MTU alone',
      guestDevice(4),
      { vfGroups: [{ ...kernel, mtu: 1400 }] },
      ['eth4 (0000:00:04.0):', '  because the port has MTU 1500, not 1400', '  VF 0: set its MTU to 1400'],
    ],
    ['does nothing where no VF is wanted', guestDevice(4), { numVfs: 0, vfGroups: [] }, []],
    [
      'refuses more than one VF',
      guestDevice(4),
      { numVfs: 2 },
      [
        'not done (SpecInvalid): eth4 (0000:00:04.0): 2 VFs are wanted, and a port of a virtual machine is one VF itself: set numVfs to 1',
      ],
    ],
  ])('%s', (_, device, change, expected) => {
    expect(lines(asPort(device), [entry(change)])).toEqual(expected);
  });

  it('never touches the NIC of the node, whatever the settings allow', () => {
    const device = asPort(guestDevice(4, { uses: [{ kind: 'default-route' }] }));
    for (const desired of [[entry()], []]) {
      const { pfs } = plan(device, desired, { allowHostInterfaces: true, owned });
      expect(pfs).toEqual([]);
    }
    expect(lines(device, [entry()], { allowHostInterfaces: true })).toEqual([
      'not done (VirtualFunctionInUse): eth4 (0000:00:04.0): the port has driver virtio-pci, not vfio-pci, and it is in use by the host (its default route): it is left alone until it is free',
    ]);
  });

  it('gives a port that no policy wants any more back to its kernel driver', () => {
    const { pfs, released } = plan(asPort(boundGuestDevice(4)), [], { owned });
    expect(pfs).toMatchObject([
      { isPort: true, vfs: [{ id: 0, steps: [{ kind: 'unbind-vf' }, { kind: 'bind-vf' }] }] },
    ]);
    expect(released).toEqual([]);
    expect(plan(asPort(guestDevice(4)), [], { owned })).toMatchObject({ pfs: [], released: [PORT] });
  });

  it('gives its kernel driver to a port that was left without one', () => {
    const { driver: _driver, ...device } = boundGuestDevice(4);
    expect(lines(asPort(device), [], { owned })).toEqual([
      '0000:00:04.0:',
      '  because no policy selects the port any more',
      '  VF 0: bind default',
    ]);
  });

  it('gives it its MTU back', () => {
    const device = asPort(guestDevice(4, { link: testLink({ name: 'eth4', mac: macOfGuest(4), mtu: 9000 }) }));
    expect(lines(device, [], { owned, initial: new Map([[PORT, { mtu: 1450 }]]) })).toEqual([
      'eth4 (0000:00:04.0):',
      '  because no policy selects the port any more',
      '  VF 0: set its MTU to 1450',
    ]);
  });

  it('leaves a port in use alone that no policy wants any more', () => {
    const device = asPort({ ...boundGuestDevice(4), uses: [{ kind: 'process', pid: 7, command: 'testpmd' }] });
    expect(lines(device, [], { owned })).toEqual([
      'not done (VirtualFunctionInUse): 0000:00:04.0: no policy selects the port any more, and it is in use by process 7 (testpmd): it is left alone until it is free',
    ]);
  });

  it('does not forget a port whose network is no longer known', () => {
    const { released, problems } = plan(boundGuestDevice(4), [], { owned });
    expect(released).toEqual([]);
    expect(problems).toMatchObject([{ reason: 'InterfaceUnreadable' }]);
  });

  it('leaves a port alone that the spec was not planned from', () => {
    const { pfs, problems } = plan(asPort(boundGuestDevice(4)), [], { owned, plannedFrom: new Set() });
    expect([pfs, problems]).toMatchObject([[], [{ reason: 'NotPlannedYet' }]]);
  });

  it('says nothing of RDMA devices, for which nobody has looked', () => {
    const vfGroups = [{ ...kernel, isRdma: true }];
    expect(plan(asPort(guestDevice(4, { driver: 'mlx5_core' })), [entry({ vfGroups })]).problems).toEqual([]);
  });

  it('writes no rules of udev for it, which are for VFs of a PF', () => {
    const observed = {
      interfaces: [asPort(guestDevice(4))],
      problems: [],
      udev: { isRunning: true, files: new Map() },
    };
    expect(plan(guestDevice(4), [entry()], { observed }).udev).toBeUndefined();
  });

  it('withdraws the device itself from pods', () => {
    expect(withdrawalsOf(plan(asPort(guestDevice(4)), [entry()]))).toEqual([
      { pf: PORT, because: 'their driver changes' },
    ]);
  });
});

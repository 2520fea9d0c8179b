import { describe, expect, it } from '@jest/globals';
import { type Bridges, type DesiredInterface, omitUndefined, type OvsBridge, vdpaNameOf } from '@sriov/api';
import { type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import fc from 'fast-check';
import { foresee } from './foresee.ts';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';
import { reportedBridges } from './reported-bridges.ts';
import { type HostPlan } from './steps.ts';
import { statusBridges } from '../status/status-bridges.ts';
import { statusInterfaces } from '../status/status-interfaces.ts';
import { PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';

const OTHER = '0000:02:00.0';
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

/** PFs in all states that bear on a refusal; nobody uses them, and an IOMMU is there. */
const pf = (pciAddress: string): fc.Arbitrary<ObservedPf> =>
  fc
    .record({
      vendor: fc.constantFrom('8086', '15b3'),
      driver: fc.constantFrom(undefined, 'igb', 'mlx5_core', 'unheard_of'),
      totalVfs: maybe(fc.constantFrom(0, 1, 4, 7)),
      vfs: fc.array(fc.constantFrom(undefined, 'igbvf', 'vfio-pci', 'vhost_vdpa'), { maxLength: 4 }),
      mtu: maybe(fc.constantFrom(1500, 9000)),
      up: fc.boolean(),
      eSwitchMode: fc.constantFrom(undefined, 'legacy' as const, 'switchdev' as const, 'unknown' as const),
      linkType: fc.constantFrom('ETH' as const, 'IB' as const, '' as const),
    })
    .map(({ vendor, driver, totalVfs, vfs, mtu, up, eSwitchMode, linkType }) => {
      const { sriov: _, link: _link, driver: _driver, ...rest } = testPf();
      const present = vfs.slice(0, totalVfs ?? 0).map((kind, id) => {
        const bound = kind === 'vhost_vdpa' ? 'igbvf' : kind;
        const { pciAddress: address } = testVf(id);
        return testVf(
          id,
          omitUndefined({
            driver: bound,
            vdpa: kind === 'vhost_vdpa' ? [{ name: vdpaNameOf(address), driver: kind }] : undefined,
            adminMac: `02:00:00:00:01:0${id}`,
            link: bound === 'igbvf' ? testLink({ name: `ens1v${id}`, mac: `02:00:00:00:01:0${id}` }) : undefined,
          }),
        );
      });
      const link =
        driver === undefined || mtu === undefined ? undefined : testLink({ name: `p${pciAddress}`, mtu, up });
      const sriov = totalVfs === undefined ? undefined : { totalVfs, autoprobe: true, vfs: present };
      // Without a capability there is no eSwitch to tell of.
      return {
        ...rest,
        pciAddress,
        vendor,
        linkType,
        ...omitUndefined({ driver, sriov, link, ...eSwitchFacts(toldOf(driver, sriov && eSwitchMode)) }),
      };
    });

/** A status does not tell whether a driver that nobody knows has an eSwitch: it has one here. */
const toldOf = <Mode>(driver: string | undefined, mode: Mode | undefined): Mode | 'legacy' | undefined =>
  driver === 'unheard_of' ? (mode ?? 'legacy') : mode;

const eSwitchFacts = (mode: 'legacy' | 'switchdev' | 'unknown' | undefined): Partial<ObservedPf> =>
  mode === 'unknown' ? { eSwitchUnknown: 'as its daemon reports' } : omitUndefined({ eSwitchMode: mode });

const entry = (pciAddress: string): fc.Arbitrary<DesiredInterface> =>
  fc
    .record({
      numVfs: fc.constantFrom(0, 1, 3, 4, 8, 200),
      mtu: maybe(fc.constantFrom(1500, 9000)),
      externallyManaged: maybe(fc.boolean()),
      eSwitchMode: maybe(fc.constantFrom('legacy', 'switchdev')),
      linkType: maybe(fc.constantFrom('eth', 'IB')),
      deviceType: fc.constantFrom('netdevice', 'vfio-pci', 'unheard_of'),
      vdpaType: fc.constantFrom(undefined, undefined, 'vhost'),
    })
    .map(({ numVfs, deviceType, vdpaType, ...rest }) => ({
      pciAddress,
      numVfs,
      ...omitUndefined(rest),
      vfGroups: numVfs === 0 ? [] : [{ vfRange: `0-${numVfs - 1}`, deviceType, ...omitUndefined({ vdpaType }) }],
    }));

const bridge: fc.Arbitrary<OvsBridge> = fc.record({
  name: fc.constantFrom('br-0000_01_00.0', 'br-0000_02_00.0'),
  bridge: fc.record({ failMode: fc.constantFrom('secure' as const, 'standalone' as const) }),
  uplinks: fc.constantFrom(PF, OTHER).map((pciAddress) => [{ pciAddress, name: `p${pciAddress}` }]),
});

const facts: fc.Arbitrary<HostFacts> = fc
  .record({
    pfs: fc.subarray([PF, OTHER]).chain((addresses) => fc.tuple(...addresses.map(pf))),
    wanted: fc.subarray([PF, OTHER]).chain((addresses) => fc.tuple(...addresses.map(entry))),
    owned: fc.subarray([PF, OTHER]).chain((addresses) => fc.tuple(...addresses.map(entry))),
    plannedFrom: maybe(fc.subarray([PF, OTHER]).map((addresses) => new Set(addresses))),
    system: maybe(fc.record({ rdmaMode: fc.constantFrom('shared' as const, 'exclusive' as const) })),
    rdmaMode: fc.constantFrom(undefined, 'shared' as const, 'exclusive' as const),
    bridges: maybe(bridge.map((each): Bridges => ({ ovs: [each] }))),
    managed: maybe(fc.record({ own: fc.option(bridge), isThere: fc.boolean() })),
  })
  .map(({ pfs, wanted, owned, plannedFrom, system, rdmaMode, bridges, managed }) => {
    const own = managed?.own ?? undefined;
    const present = own && managed?.isThere ? reportedBridges({ ovs: [own] }) : reportedBridges();
    const softwareBridges = managed && present;
    const observed: ObservedHost = { interfaces: pfs, problems: [], ...omitUndefined({ rdmaMode, softwareBridges }) };
    const spec = { interfaces: [...wanted], ...omitUndefined({ system, bridges }) };
    const ours = new Map(owned.map((each) => [each.pciAddress, each]));
    const facts = testFacts([], [], { spec, plannedFrom, observed, owned: ours });
    return managed ? { ...facts, bridges: { own: new Map(own && [[own.name, own]]) } } : facts;
  });

/** What is foreseen from the node state that the daemon writes about such a host. */
function foreseen({ spec, plannedFrom, observed, owned, bridges }: HostFacts): HostPlan | undefined {
  const ordered = { ovs: [...(bridges?.own.values() ?? [])] };
  const told = statusBridges(observed.softwareBridges, { wanted: ordered, before: undefined });
  return foresee(
    { spec, plannedFrom, managesBridges: bridges !== undefined },
    {
      metadata: { name: 'n1' },
      spec: { interfaces: [...owned.values()], bridges: ordered },
      status: {
        interfaces: statusInterfaces(observed, () => false),
        ...(told && { bridges: told }),
        ...(observed.rdmaMode && { system: { rdmaMode: observed.rdmaMode } }),
      },
    },
  );
}

describe('what is foreseen of a node', () => {
  it('is what its daemon then plans: the same steps for the same reasons, and the same refusals', () => {
    fc.assert(
      fc.property(facts, (each) => {
        const promised = foreseen(each);
        if (each.observed.interfaces.length === 0) expect(promised).toBeUndefined();
        else expect(promised).toEqual(planHost(each));
      }),
      { numRuns: 2000 },
    );
  });

  it('is nothing about VFs of which only the number is known', () => {
    const spec = {
      interfaces: [{ pciAddress: PF, numVfs: 2, vfGroups: [{ vfRange: '0-1', deviceType: 'vfio-pci' }] }],
    };
    const nic = { pciAddress: PF, name: 'ens1', driver: 'igb', totalvfs: 7, numVfs: 2, mtu: 1500 };
    const plan = foresee(
      { spec, plannedFrom: new Set([PF]) },
      { metadata: { name: 'n1' }, status: { interfaces: [nic] } },
    );
    expect([plan?.pfs, plan?.problems]).toEqual([[], []]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface, omitUndefined, vdpaNameOf, type VfGroup } from '@sriov/api';
import { type DeviceUse, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import fc from 'fast-check';
import { groupOf, readGroups } from './desired.ts';
import { type InitialPf } from './plan-pf.ts';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';
import { type HostPlan } from './steps.ts';
import { carryOut, netdevice, PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';

const OTHER = '0000:02:00.0';
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 2 });
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

/** Each way in which a device can be in use, that nobody knows included. */
const use: fc.Arbitrary<DeviceUse> = fc.constantFrom<DeviceUse[]>(
  { kind: 'allocated', to: 'pod default/web' },
  { kind: 'process', pid: 4711, command: 'qemu-kvm' },
  { kind: 'namespace' },
  { kind: 'default-route' },
  { kind: 'part-of', master: 'bond0' },
  { kind: 'carries', name: 'ens1v0.5', type: 'vlan' },
  { kind: 'address', address: '10.0.0.1/24' },
  { kind: 'route', destination: '10.1.0.0/16' },
  { kind: 'unknown', cause: 'the kubelet cannot be asked' },
);

/** VFs in every state that a host shows: bound or not, with and without an address from the PF, in use or free. */
const vf = (id: number): fc.Arbitrary<ObservedVf> =>
  fc
    .record({
      driver: maybe(fc.constantFrom('igbvf', 'vfio-pci', 'some_vf')),
      mtu: fc.constantFrom(1500, 9000),
      adminMac: maybe(fc.constant(`02:00:00:00:01:0${id}`)),
      uses: rarely(use.map((each) => [each])),
      vdpa: rarely(fc.constantFrom(...VDPA)),
    })
    .map(({ driver, mtu, adminMac, uses, vdpa }) => {
      const isOfKernel = driver !== undefined && driver !== 'vfio-pci';
      const link = isOfKernel && uses === undefined ? testLink({ name: `ens1v${id}`, mtu }) : undefined;
      return testVf(id, omitUndefined({ driver, adminMac, link, uses, ...(isOfKernel && vdpa?.(id)) }));
    });

/** What a VF with its kernel driver can have: a vDPA device of ours, one of somebody else, and nobody knows what. */
const VDPA: ((id: number) => Partial<ObservedVf>)[] = [
  (id) => ({ vdpa: [{ name: vdpaNameOf(testVf(id).pciAddress) }] }),
  (id) => ({ vdpa: [{ name: vdpaNameOf(testVf(id).pciAddress), driver: 'vhost_vdpa' }] }),
  () => ({ vdpa: [{ name: 'vdpa0', driver: 'vhost_vdpa' }], uses: [{ kind: 'vdpa', name: 'vdpa0' }] }),
  () => ({ vdpaUnknown: 'EIO', uses: [{ kind: 'unknown', cause: 'EIO' }] }),
];

/** A PF of this driver is in switchdev mode, and its VFs can have vDPA devices. */
const SWITCH_DRIVER = 'mlx5_core';

const pf = (pciAddress: string): fc.Arbitrary<ObservedPf> =>
  fc
    .record({
      driver: fc.constantFrom('igb', 'unheard_of', SWITCH_DRIVER),
      present: fc.nat(7).chain((count) => fc.tuple(...Array.from({ length: count }, (_, id) => vf(id)))),
      totalVfs: fc.constantFrom(4, 7),
      autoprobe: fc.boolean(),
      link: fc.option(fc.record({ mtu: fc.constantFrom(1500, 9000), up: fc.boolean() }), { nil: undefined }),
      iommuGroup: fc.option(fc.constant(7), { nil: undefined }),
      uses: rarely(fc.constant([{ kind: 'default-route' } as const])),
    })
    .map(({ driver, present, totalVfs, autoprobe, link, iommuGroup, uses }) => {
      const { iommuGroup: _, link: _link, ...rest } = testPf();
      return {
        ...rest,
        pciAddress,
        driver,
        ...(driver === SWITCH_DRIVER && { vendor: '15b3', eSwitchMode: 'switchdev' as const }),
        sriov: { totalVfs: Math.max(totalVfs, present.length), autoprobe, vfs: present },
        ...omitUndefined({ iommuGroup, uses, link: link && testLink({ ...link, maxMtu: 9216 }) }),
      };
    });

/** A group of some of the VFs; one that goes beyond them would be refused with the whole PF. */
const group = (numVfs: number, isSwitch: boolean): fc.Arbitrary<VfGroup> =>
  fc
    .record({
      ends: fc.tuple(fc.nat(numVfs - 1), fc.nat(numVfs - 1)),
      deviceType: fc.constantFrom('netdevice', 'vfio-pci'),
      mtu: maybe(fc.constantFrom(1500, 9000)),
      vdpa: isSwitch ? maybe(fc.constantFrom('vhost', 'virtio')) : fc.constant(undefined),
    })
    .map(({ ends: [a, b], deviceType, mtu, vdpa }) => {
      const vfRange = `${Math.min(a, b)}-${Math.max(a, b)}`;
      const vdpaType = deviceType === 'netdevice' ? vdpa : undefined;
      return omitUndefined({ resourceName: 'r', policyName: 'p', vfRange, deviceType, mtu, vdpaType });
    });

/** An entry for a PF with `present` VFs: as many as there are in every second case. */
const entry = ({ pciAddress, driver, sriov }: ObservedPf): fc.Arbitrary<DesiredInterface> => {
  const isSwitch = driver === SWITCH_DRIVER;
  const present = sriov?.vfs.length ?? 0;
  return fc.oneof(fc.constant(present), fc.nat(7)).chain((numVfs) =>
    fc
      .record({
        mtu: maybe(fc.constantFrom(1500, 9000)),
        externallyManaged: fc.boolean(),
        vfGroups: numVfs === 0 ? fc.constant<VfGroup[]>([]) : fc.array(group(numVfs, isSwitch), { maxLength: 3 }),
      })
      .map(({ mtu, ...rest }) => ({
        pciAddress,
        name: 'ens1',
        numVfs,
        ...rest,
        ...omitUndefined({ mtu, eSwitchMode: isSwitch ? 'switchdev' : undefined }),
      })),
  );
};

const initial = fc.record({ mtu: fc.constant(1500), autoprobe: fc.boolean() });

/** A PF that may be wanted, may be ours from before, both or neither. */
const port = (pciAddress: string): fc.Arbitrary<Port> =>
  pf(pciAddress).chain((observed) =>
    fc.record({
      observed: fc.constant(observed),
      wanted: maybe(entry(observed)),
      owned: maybe(entry(observed)),
    }),
  );

interface Port {
  readonly observed: ObservedPf;
  readonly wanted: DesiredInterface | undefined;
  readonly owned: DesiredInterface | undefined;
}

const facts: fc.Arbitrary<HostFacts> = fc
  .record({ ports: fc.tuple(port(PF), port(OTHER)), initial: maybe(initial), allowHostInterfaces: fc.boolean() })
  .map(({ ports, initial: before, allowHostInterfaces }) => {
    const known = ports.flatMap(({ owned }) => owned ?? []);
    return testFacts(
      ports.map(({ observed }) => observed),
      ports.flatMap(({ wanted }) => wanted ?? []),
      {
        owned: new Map(known.map((each) => [each.pciAddress, each])),
        initial: new Map<string, InitialPf>(before ? known.map((each) => [each.pciAddress, before]) : []),
        allowHostInterfaces,
      },
    );
  });

/** The facts after the plan was carried out: what the next look finds. */
function follow(before: HostFacts, plan: HostPlan): HostFacts {
  const owned = new Map(before.owned);
  for (const taken of plan.taken) owned.set(taken.pciAddress, taken);
  for (const pciAddress of plan.released) owned.delete(pciAddress);
  const start = new Map(before.observed.interfaces.map((each) => [each.pciAddress, each]));
  const known = plan.taken.map(({ pciAddress }): [string, InitialPf] => {
    const { link, sriov } = start.get(pciAddress) ?? {};
    return [pciAddress, { mtu: link?.mtu, autoprobe: sriov?.autoprobe }];
  });
  const initials = new Map([...known, ...before.initial]);
  return { ...before, observed: carryOut(before.observed, plan), owned, initial: initials };
}

const holds = (law: (facts: HostFacts, plan: HostPlan) => void): void =>
  fc.assert(
    fc.property(facts, (each) => law(each, planHost(each))),
    { numRuns: 1000 },
  );
const pfOf = ({ observed }: HostFacts, pciAddress: string): ObservedPf | undefined =>
  observed.interfaces.find((each) => each.pciAddress === pciAddress);
const removesVfs = (plan: HostPlan, pciAddress: string): boolean =>
  plan.pfs.some((each) => each.pciAddress === pciAddress && each.before.some(({ kind }) => kind === 'set-num-vfs'));

const probingOf = (each: HostFacts, pciAddress: string): boolean | undefined =>
  pfOf(each, pciAddress)?.sriov?.autoprobe;

function expectAsWanted({ sriov }: ObservedPf, wanted: DesiredInterface): void {
  const vfs = sriov?.vfs ?? [];
  if (wanted.externallyManaged !== true) expect(vfs).toHaveLength(wanted.numVfs ?? 0);
  const groups = readGroups(wanted);
  if (typeof groups === 'string') throw new Error(groups);
  for (const { id, driver, link } of vfs) {
    const own = groupOf(groups, id);
    if (own === undefined) continue;
    expect(driver === 'vfio-pci').toBe(own.userSpaceDriver === 'vfio-pci');
    if (own.mtu !== undefined && link) expect(link.mtu).toBe(own.mtu);
  }
}

describe('for every node it holds that', () => {
  it('a plan that was carried out leaves nothing to do', () => {
    holds((each, plan) => {
      const rest = planHost(follow(each, plan));
      expect(rest.pfs).toEqual([]);
      // What could not be done does not become possible, nor more of it impossible, by doing the rest.
      expect(rest.problems).toEqual(plan.problems);
    });
  });

  it('a host that is as wanted is what was wanted', () => {
    holds((each, plan) => {
      if (plan.problems.length > 0 || plan.needsReboot !== undefined) return;
      const after = follow(each, plan);
      for (const wanted of each.spec.interfaces ?? [])
        expectAsWanted(pfOf(after, wanted.pciAddress) ?? testPf(), wanted);
    });
  });

  it('a VF outside all groups is touched only by a change of the number', () => {
    holds((each, plan) => {
      for (const wanted of each.spec.interfaces ?? []) {
        const groups = readGroups(wanted);
        const touched = plan.pfs.find(({ pciAddress }) => pciAddress === wanted.pciAddress)?.vfs ?? [];
        for (const { id } of touched) expect(typeof groups !== 'string' && groupOf(groups, id)).toBeTruthy();
      }
    });
  });

  it('a VF in use is never touched, nor removed', () => {
    holds((each, plan) => {
      for (const { pciAddress, vfs } of plan.pfs) {
        const held = pfOf(each, pciAddress)?.sriov?.vfs.filter(({ uses }) => uses !== undefined) ?? [];
        if (held.length > 0) expect(removesVfs(plan, pciAddress)).toBe(false);
        expect(vfs.filter(({ id }) => held.some((other) => other.id === id))).toEqual([]);
      }
    });
  });

  it('nothing is done without a reason, and no plan is empty', () => {
    holds((_, plan) => {
      for (const { because, before, vfs, after } of plan.pfs) {
        expect(because.length).toBeGreaterThan(0);
        expect(before.length + vfs.length + after.length).toBeGreaterThan(0);
        for (const { steps } of vfs) expect(steps.length).toBeGreaterThan(0);
      }
    });
  });

  it('the link of a PF that the host depends on is not interrupted unless that is allowed', () => {
    holds((each, plan) => {
      for (const { pciAddress, before, after } of plan.pfs) {
        if (each.allowHostInterfaces || pfOf(each, pciAddress)?.uses === undefined) continue;
        const kinds = [...before, ...after].map(({ kind }) => kind);
        expect(kinds).not.toContain('set-num-vfs');
        expect(kinds).not.toContain('set-pf-mtu');
      }
    });
  });

  it('the VFs of someone else are not removed', () => {
    holds((each, plan) => {
      const wanted = new Map((each.spec.interfaces ?? []).map((own) => [own.pciAddress, own]));
      for (const { pciAddress } of plan.pfs) {
        const own = wanted.get(pciAddress) ?? each.owned.get(pciAddress);
        expect(own).toBeDefined();
        if (own?.externallyManaged === true) expect(removesVfs(plan, pciAddress)).toBe(false);
      }
    });
  });

  it('driver probing of new VFs is in the end as it was in the beginning', () => {
    holds((each, plan) => {
      const after = follow(each, plan);
      for (const { pciAddress, externallyManaged } of plan.taken) {
        if (externallyManaged === true) continue;
        expect(probingOf(after, pciAddress)).toBe(
          each.initial.get(pciAddress)?.autoprobe ?? probingOf(each, pciAddress),
        );
      }
    });
  });

  it('a PF that is refused is not taken over, and one that is given back has no VFs of ours', () => {
    holds((each, plan) => {
      const refused = plan.problems.map(({ pciAddress }) => pciAddress);
      const planned = plan.pfs.map(({ pciAddress }) => pciAddress);
      for (const { pciAddress } of plan.taken) {
        expect(planned.includes(pciAddress) || !refused.includes(pciAddress)).toBe(true);
      }
      for (const pciAddress of plan.released) {
        const isExternal = each.owned.get(pciAddress)?.externallyManaged === true;
        if (!isExternal) expect(pfOf(each, pciAddress)?.sriov?.vfs).toEqual([]);
      }
    });
  });

  it('moving one VF to another group touches that VF and no other', () => {
    const moves = fc.record({ border: fc.integer({ min: 1, max: 5 }), grows: fc.boolean() });
    fc.assert(
      fc.property(moves, ({ border, grows }) => {
        const split = (at: number): DesiredInterface => ({
          pciAddress: PF,
          numVfs: 7,
          vfGroups: [
            { vfRange: `0-${at - 1}`, deviceType: 'vfio-pci' },
            { vfRange: `${at}-6`, deviceType: 'netdevice' },
          ],
        });
        const vfs = Array.from({ length: 7 }, (_, id) =>
          id < border ? testVf(id, { driver: 'vfio-pci' }) : netdevice(id),
        );
        const plan = planHost(testFacts([testPf(vfs)], [split(grows ? border + 1 : border - 1 || 1)]));
        const moved = grows ? [border] : border > 1 ? [border - 1] : [];
        expect(plan.pfs.flatMap((each) => each.vfs.map(({ id }) => id))).toEqual(moved);
        expect(plan.pfs.flatMap(({ before, after }) => [...before, ...after])).toEqual([]);
      }),
    );
  });

  it('nothing that somebody writes into the spec by hand makes planning throw', () => {
    const text = fc.oneof(fc.constantFrom('', '0-0', '1-0', 'eth'), fc.string());
    const wild = fc.record(
      {
        pciAddress: fc.constantFrom(PF, OTHER, ''),
        numVfs: fc.integer({ min: -2, max: 9 }),
        mtu: fc.constantFrom(-1, 0, 1500, 20_000),
        name: text,
        linkType: fc.constantFrom('', 'eth', 'ib', '?'),
        eSwitchMode: fc.constantFrom('', 'legacy', 'switchdev', '?'),
        externallyManaged: fc.boolean(),
        vfGroups: fc.array(
          fc.record(
            { vfRange: text, deviceType: text, vdpaType: rarely(text), mtu: fc.integer({ min: -3, max: 20_000 }) },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: ['pciAddress'] },
    );
    fc.assert(
      fc.property(pf(PF), fc.array(wild, { maxLength: 4 }), (present, spec) => {
        const plan = planHost(testFacts([present], spec));
        for (const { before } of plan.pfs) {
          for (const step of before) {
            if (step.kind !== 'set-num-vfs') continue;
            expect(step.numVfs).toBeGreaterThanOrEqual(0);
            expect(step.numVfs).toBeLessThanOrEqual(present.sriov?.totalVfs ?? 0);
          }
        }
        expect(plan.pfs.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type FirmwareReading, type ObservedBoot, type ObservedPf } from '@sriov/observed-host';
import { netdevice, PF, testFacts, testLink, testPf } from '../test/test-host.ts';
import { admitPf } from './admit-pf.ts';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';

/** A port whose firmware allows four VFs, on a machine whose IOMMU is off. */
const port = (change: Partial<ObservedPf> = {}): ObservedPf => {
  const nic = { vendor: '15b3', deviceId: '101d', driver: 'mlx5_core', iommuGroup: undefined };
  return testPf([], { ...nic, sriov: { totalVfs: 4, autoprobe: true, vfs: [] }, ...change } as Partial<ObservedPf>);
};

/** More VFs than the firmware allows, for vfio-pci. */
const want = (change: Partial<DesiredInterface> = {}): DesiredInterface => ({
  pciAddress: PF,
  numVfs: 8,
  vfGroups: [{ resourceName: 'd', policyName: 'dpdk', deviceType: 'vfio-pci', vfRange: '0-3' }],
  ...change,
});

const boot: ObservedBoot = {
  bootId: 'b',
  arguments: ['quiet'],
  processor: 'intel',
  hasIommu: false,
  loader: { tool: 'grub', arguments: ['quiet'] },
};
const reading = (change: { isDpu?: boolean } = {}): FirmwareReading => ({
  kind: 'read',
  firmware: {
    numOfVfs: { current: 4, next: 4 },
    sriovEnabled: { current: true, next: true },
    linkTypes: { 1: { current: 'ETH', next: 'ETH' } },
    isDpu: false,
    ...change,
  },
});
const readings = (of: FirmwareReading = reading()): Partial<HostFacts> => ({
  firmware: { readings: new Map([['0000:01:00', of]]), awaited: new Map(), bootId: 'b' },
});

/** What the node asks for because of its PFs, and whether it says that something is wrong. */
function asked(pfs: readonly ObservedPf[], entries: readonly DesiredInterface[], change: Partial<HostFacts>): object {
  const facts = testFacts(pfs, entries, { iommu: 'passthrough', plannedFrom: new Set([PF]), ...readings(), ...change });
  const plan = planHost({ ...facts, observed: { ...facts.observed, boot } });
  return {
    reboots: (plan.needsReboot ?? []).map(({ kind }) => kind),
    writes: [...(plan.beforeReboot?.steps ?? []), ...(plan.node?.steps ?? [])].map(({ kind }) => kind),
    drains: (plan.needsDrain ?? []).length,
    reasons: plan.problems.map(({ reason }) => reason),
  };
}

const NOTHING = { reboots: [], writes: [], drains: 0 };
const FOUR = { numVfs: 4 };

describe('a PF to which something may be done', () => {
  it.each<[string, DesiredInterface, object]>([
    [
      'its firmware and its IOMMU come with one reboot',
      want(),
      { reboots: ['firmware', 'kernel-arguments'], writes: ['write-firmware', 'add-kernel-arguments'] },
    ],
    [
      'its IOMMU takes a reboot where the firmware will do',
      want(FOUR),
      { reboots: ['kernel-arguments'], writes: ['add-kernel-arguments'] },
    ],
  ])('asks for what it needs: %s', (_, entry, expected) => {
    expect(asked([port()], [entry], {})).toEqual({ drains: 0, reasons: [], ...expected });
  });

  it('asks for an IOMMU for VFs that someone else has made, and for nothing of the firmware', () => {
    const vfs = [0, 1, 2, 3].map((id) => netdevice(id));
    const pf = port({ sriov: { totalVfs: 4, autoprobe: true, vfs } });
    const entry = want({ ...FOUR, externallyManaged: true });
    const expected = { reboots: ['kernel-arguments'], writes: ['add-kernel-arguments'], drains: 0, reasons: [] };
    expect(asked([pf], [entry], {})).toEqual(expected);
  });
});

describe('a PF that is refused asks neither for firmware nor for kernel arguments, a drain or a reboot:', () => {
  it.each<[string, Partial<ObservedPf> | undefined, Partial<DesiredInterface>, Partial<HostFacts>]>([
    ['more VFs than any firmware allows', {}, { numVfs: 200 }, {}],
    ['an MTU that the device cannot have', { link: testLink({ maxMtu: 1500 }) }, { mtu: 9000 }, {}],
    ['the eSwitch mode cannot be read', { eSwitchUnknown: 'EIO' }, {}, {}],
    ['nothing is bound to it', { driver: undefined } as never, {}, {}],
    ['its driver shows no interface', { link: undefined } as never, {}, {}],
    ['its InfiniBand port shows no interface', { link: undefined, linkType: 'IB' } as never, {}, {}],
    ['a group goes beyond the last VF', {}, { numVfs: 2 }, {}],
    ['its owner has made too few VFs', {}, { externallyManaged: true, numVfs: 4 }, {}],
    ['a call has not come back', {}, {}, { blocked: new Map([[PF, 'since 10:00']]) }],
    ['it has vanished', undefined, {}, {}],
    ['its firmware cannot be read', {}, {}, readings({ kind: 'unread', cause: 'EIO' })],
    ['its firmware is locked', {}, {}, readings({ kind: 'locked', lockdown: 'integrity' })],
    ['it is a DPU', {}, {}, readings(reading({ isDpu: true }))],
    ['its spec is not planned yet', {}, {}, { plannedFrom: undefined }],
  ])('%s', (_, change, entry, facts) => {
    const pfs = change === undefined ? [] : [port(change)];
    const { reasons, ...rest } = asked(pfs, [want(entry)], facts) as { reasons: string[] };
    expect(rest).toEqual(NOTHING);
    expect(reasons).toHaveLength(1);
  });

  it('and its second entry counts for nothing', () => {
    const entries = [want({ numVfs: 2, vfGroups: [] }), want()];
    expect(asked([port()], entries, {})).toEqual({ ...NOTHING, reasons: ['SpecInvalid'] });
  });
});

describe('what admits a PF', () => {
  it('is its name in front of the problem, or the groups of its VFs', () => {
    expect(admitPf(want({ numVfs: 200 }), port())).toMatchObject({
      problem: { pciAddress: PF, reason: 'SpecInvalid' },
    });
    expect(admitPf(want(), port())).toMatchObject({ groups: [{ userSpaceDriver: 'vfio-pci' }] });
  });
});

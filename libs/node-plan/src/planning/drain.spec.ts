import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type DeviceUse, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { netdevice, PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';
import { pfsThatNeedDrain } from './drain.ts';
import { planHost } from './plan-host.ts';
import { type HostPlan } from './steps.ts';

const POD: DeviceUse = { kind: 'allocated', to: 'pod default/web' };
const HOST: DeviceUse = { kind: 'address', address: '10.0.0.1/24' };
const UNKNOWN: DeviceUse = { kind: 'unknown', cause: 'the kubelet: EACCES' };
const all = (mtu?: number): DesiredInterface['vfGroups'] => [
  { resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: '0-3', ...(mtu !== undefined && { mtu }) },
];
const vfs = (count: number, uses: readonly DeviceUse[], change: Partial<ObservedVf> = {}): ObservedVf[] =>
  Array.from({ length: count }, (_, id) => netdevice(id, { uses, ...change }));

function plan(
  pf: ObservedPf,
  desired: Partial<DesiredInterface> | undefined,
  owned?: Partial<DesiredInterface>,
): HostPlan {
  const wanted = desired === undefined ? [] : [{ pciAddress: PF, name: 'ens1', ...desired }];
  return planHost(
    testFacts([pf], wanted, { owned: new Map(owned === undefined ? [] : [[PF, { pciAddress: PF, ...owned }]]) }),
  );
}

it('clearing an override of a VF needs no drain', () => {
  const pfs = [
    { pciAddress: PF, vfs: [{ id: 0, steps: [{ kind: 'clear-override' }] }], before: [], after: [] },
  ] as never;
  const observed = { interfaces: [testPf(vfs(1, [POD]))] } as never;
  expect(pfsThatNeedDrain({ pfs }, observed)).toEqual([]);
});

describe('nothing is changed, and nothing needs a drain, where', () => {
  it.each<[string, ObservedPf, Partial<DesiredInterface> | undefined, Partial<DesiredInterface> | undefined]>([
    [
      'the MTU is larger than what is wanted',
      testPf(vfs(4, [POD]), { link: testLink({ mtu: 9000 }) }),
      { numVfs: 4, mtu: 1500 },
      undefined,
    ],
    [
      'a VF without a driver is in no group',
      testPf([...vfs(2, [POD]), testVf(2)]),
      { numVfs: 3, vfGroups: [{ vfRange: '0-1', deviceType: 'netdevice' }] },
      undefined,
    ],
    [
      'a VF is in a pod, which hides its MTU',
      testPf([testVf(0, { driver: 'igbvf', uses: [POD] })]),
      { numVfs: 1, vfGroups: [{ vfRange: '0-0', deviceType: 'netdevice', mtu: 9000 }] },
      undefined,
    ],
    [
      'the first of two groups with a VF is satisfied',
      testPf(vfs(4, [POD])),
      { numVfs: 4, vfGroups: [...(all() ?? []), { vfRange: '2-3', deviceType: 'vfio-pci' }] },
      undefined,
    ],
    ['no policy wants a PF, and nobody knows of VFs of ours', testPf(vfs(4, [POD])), undefined, undefined],
    [
      'no policy wants a PF whose owner is someone else',
      testPf(vfs(4, [POD])),
      undefined,
      { numVfs: 4, externallyManaged: true },
    ],
  ])('%s', (_, pf, desired, owned) => {
    const { pfs, needsDrain, problems } = plan(pf, desired, owned);
    expect([pfs, needsDrain, problems]).toEqual([[], undefined, []]);
  });
});

describe('a change needs no drain where', () => {
  it.each<[string, ObservedPf, Partial<DesiredInterface> | undefined, Partial<DesiredInterface> | undefined]>([
    ['there are no VFs', testPf([]), { numVfs: 4, vfGroups: all() }, undefined],
    ['nobody has the VFs', testPf(vfs(8, [])), { numVfs: 4 }, undefined],
    [
      'nobody has the VF that changes',
      testPf([...vfs(3, [POD]), testVf(3)]),
      { numVfs: 4, vfGroups: all() },
      undefined,
    ],
    [
      'the link comes up',
      testPf(vfs(4, [POD]), { link: testLink({ up: false }) }),
      { numVfs: 4, vfGroups: all() },
      undefined,
    ],
    ['the MTU of the PF is raised', testPf(vfs(4, [POD])), { numVfs: 4, mtu: 9000, vfGroups: all() }, undefined],
    ['nobody has the VFs of a PF that is given back', testPf(vfs(4, [])), undefined, { numVfs: 4 }],
  ])('%s', (_, pf, desired, owned) => {
    const { pfs, needsDrain, problems } = plan(pf, desired, owned);
    expect([pfs.length, needsDrain, problems]).toEqual([1, undefined, []]);
  });
});

describe('a change needs a drain where', () => {
  const oneOfFour = [...vfs(2, [POD]), ...[2, 3].map((id) => netdevice(id))];

  it.each<[string, ObservedPf, Partial<DesiredInterface> | undefined, Partial<DesiredInterface> | undefined, object]>([
    [
      'VFs in use would go',
      testPf(oneOfFour),
      { numVfs: 2 },
      undefined,
      { vfs: [0, 1], why: 'the number of VFs is 4, not 2; in use: VF 0, 1 by pod default/web' },
    ],
    [
      'a VF in use would get another driver',
      testPf([netdevice(0), testVf(1, { driver: 'vfio-pci', uses: [POD] })]),
      { numVfs: 2, vfGroups: [{ vfRange: '0-1', deviceType: 'netdevice' }] },
      undefined,
      { vfs: [1], why: 'VF 1 has driver vfio-pci, not igbvf; in use: VF 1 by pod default/web' },
    ],
    [
      'nobody knows whether a VF is in use',
      testPf([netdevice(0, { uses: [UNKNOWN] })]),
      { numVfs: 0 },
      undefined,
      { vfs: [0], why: expect.stringContaining('an unknown user, because something could not be read') },
    ],
    [
      'VFs of ours are in use, and no policy wants them',
      testPf(oneOfFour),
      undefined,
      { numVfs: 4 },
      { vfs: [0, 1], why: 'no policy selects the PF any more; in use: VF 0, 1 by pod default/web' },
    ],
    [
      'a pod has the PF itself',
      testPf([], { uses: [POD] }),
      { numVfs: 4 },
      undefined,
      { vfs: [], why: 'the number of VFs is 0, not 4; in use: the PF by pod default/web' },
    ],
  ])('%s', (_, pf, desired, owned, expected) => {
    const { needsDrain, problems, pfs } = plan(pf, desired, owned);
    expect(needsDrain).toEqual([{ pciAddress: PF, ...expected }]);
    expect([problems.map(({ reason }) => reason), pfs]).toEqual([['VirtualFunctionInUse'], []]);
  });

  it('but not where the host itself has a VF that would go: it does not leave with the pods', () => {
    const { needsDrain, problems } = plan(testPf([...vfs(1, [POD]), netdevice(1, { uses: [HOST] })]), { numVfs: 4 });
    expect([needsDrain, problems.length]).toEqual([undefined, 1]);
  });

  it('but not where the host needs the link of the PF', () => {
    const { needsDrain, problems } = plan(testPf(vfs(1, [POD]), { uses: [HOST] }), { numVfs: 4 });
    expect([needsDrain, problems.map(({ reason }) => reason)]).toEqual([undefined, ['HostInterface']]);
  });

  it('and it comes beside what is done without one', () => {
    const pf = testPf([testVf(0), testVf(1, { driver: 'vfio-pci', uses: [POD] })]);
    const { pfs, needsDrain } = plan(pf, { numVfs: 2, vfGroups: [{ vfRange: '0-1', deviceType: 'netdevice' }] });
    expect(pfs.flatMap((each) => each.vfs.map(({ id }) => id))).toEqual([0]);
    expect(needsDrain?.map((each) => each.vfs)).toEqual([[1]]);
  });
});

describe('a drained node stays drained', () => {
  const left = (pf: ObservedPf, desired: Partial<DesiredInterface>): string[] => {
    const facts = testFacts([pf], [{ pciAddress: PF, name: 'ens1', ...desired }], { users: 'host' });
    return pfsThatNeedDrain(planHost(facts), facts.observed);
  };

  it.each<[string, ObservedPf, Partial<DesiredInterface>, string[]]>([
    ['for VFs that are made anew, although nobody has them now', testPf(vfs(4, [])), { numVfs: 2 }, [PF]],
    ['for VFs that somebody has who stays', testPf(vfs(4, [POD])), { numVfs: 2 }, [PF]],
    [
      'for one VF that changes',
      testPf([testVf(0)]),
      { numVfs: 1, vfGroups: [{ vfRange: '0-0', deviceType: 'netdevice' }] },
      [PF],
    ],
    ['for no VF that is still to be made', testPf([]), { numVfs: 2, vfGroups: all() }, []],
    ['for no link', testPf(vfs(4, []), { link: testLink({ up: false }) }), { numVfs: 4, vfGroups: all() }, []],
    ['for nothing where nothing is left', testPf(vfs(4, [])), { numVfs: 4, vfGroups: all() }, []],
  ])('%s', (_, pf, desired, expected) => {
    expect(left(pf, desired)).toEqual(expected);
  });
});

import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { type HostFacts } from './host-facts.ts';
import { planHost } from './plan-host.ts';
import { netdevice, PF, testFacts, testLink, testPf, testVf } from '../test/test-host.ts';

const OTHER = '0000:02:00.0';
const four = [0, 1, 2, 3].map((id) => netdevice(id));
const entry: DesiredInterface = { pciAddress: PF, name: 'ens1', numVfs: 4 };

/** The plan for a node that has the PF, which was taken over with `entry`, and whose spec is empty now. */
const giveBack = (pf: ObservedPf | undefined, change: Partial<HostFacts> = {}): ReturnType<typeof planHost> =>
  planHost(testFacts(pf ? [pf] : [], [], { owned: new Map([[PF, entry]]), ...change }));

function withoutSriov(): ObservedPf {
  const { sriov: _, ...pf } = testPf();
  return pf;
}

describe('a node', () => {
  it('without an entry for its PFs is left alone, whatever VFs it has', () => {
    expect(planHost(testFacts([testPf(four)], []))).toEqual({
      modules: [],
      pfs: [],
      problems: [],
      taken: [],
      released: [],
    });
  });

  it('whose PF is as wanted has the PF taken over, and nothing done to it', () => {
    const plan = planHost(testFacts([testPf(four)], [entry]));
    expect([plan.pfs, plan.taken]).toEqual([[], [entry]]);
  });

  it.each<[string, DesiredInterface['name'], RegExp | undefined]>([
    ['by its name', 'ens1', undefined],
    ['by an alternative name', 'rail0', undefined],
    ['by a name that it had before', 'eth7', /^ens1 .*the spec calls the PF eth7/],
  ])('has a PF that the spec knows %s configured by its name of now', (_, name, warning) => {
    const pf = testPf(four, { link: testLink({ altNames: ['rail0'], up: false }) });
    const { pfs, problems, warnings = [] } = planHost(testFacts([pf], [{ ...entry, name }]));
    expect([pfs.map((plan) => plan.name), problems]).toEqual([['ens1'], []]);
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  });

  it('has its PFs planned in order of address, and a refused one does not stop the others', () => {
    const other = { ...testPf([]), pciAddress: OTHER };
    const plan = planHost(
      testFacts([testPf(), other], [{ ...entry, pciAddress: OTHER }, entry, { pciAddress: '0000:09:00.0' }]),
    );
    expect(plan.pfs.map(({ pciAddress }) => pciAddress)).toEqual([PF, OTHER]);
    expect(plan.problems).toEqual([
      {
        pciAddress: '0000:09:00.0',
        reason: 'InterfaceNotFound',
        message: '0000:09:00.0: the node has no such network device',
      },
    ]);
    expect(plan.taken.map(({ pciAddress }) => pciAddress)).toEqual([OTHER, PF]);
  });

  it('says why a PF was not found, where that is known', () => {
    const observed = { interfaces: [], problems: [{ pciAddress: PF, message: 'read vendor: ENODEV' }] };
    expect(planHost(testFacts([], [entry], { observed })).problems[0]?.message).toBe(
      `ens1 (${PF}): read vendor: ENODEV`,
    );
  });

  it('has the first of two entries of one PF carried out, and the second one reported', () => {
    const plan = planHost(testFacts([testPf()], [entry, { ...entry, numVfs: 2 }]));
    expect(plan.pfs.map(({ because }) => because)).toEqual([['the number of VFs is 0, not 4']]);
    expect(plan.problems).toEqual([
      {
        pciAddress: PF,
        reason: 'SpecInvalid',
        message: `ens1 (${PF}): the spec has more than one entry of the PF, and only the first counts`,
      },
    ]);
  });

  it.each([
    ['vfio-pci', ['vfio-pci', 'vfio_iommu_type1']],
    ['netdevice', ['igbvf']],
  ])('gets the modules that binding %s takes', (deviceType, modules) => {
    const vfGroups = [{ vfRange: '0-3', deviceType }];
    expect(planHost(testFacts([testPf()], [{ ...entry, vfGroups }])).modules).toEqual(modules);
  });

  it('loads no module for VFs that are bound already', () => {
    const bound = [0, 1, 2, 3].map((id) => testVf(id, { driver: 'vfio-pci' }));
    const vfGroups = [{ vfRange: '0-3', deviceType: 'vfio-pci' }];
    expect(planHost(testFacts([testPf(bound)], [{ ...entry, vfGroups }])).modules).toEqual([]);
  });
});

describe('a spec that was not planned', () => {
  it.each<[string, DesiredInterface[]]>([
    ['is empty', []],
    ['has an entry that a version without the annotation wrote', [{ ...entry, numVfs: 2 }]],
  ])('changes nothing, and ends no takeover, when it %s', (_, desired) => {
    const owned = new Map([[PF, entry]]);
    const plan = planHost(testFacts([testPf(four)], desired, { owned, plannedFrom: undefined }));
    expect(plan).toMatchObject({ modules: [], pfs: [], taken: [], released: [] });
    expect(plan.problems).toMatchObject([{ reason: 'NotPlannedYet' }]);
  });
});

describe('a PF that the spec does not have, and that was not reported when it was planned', () => {
  const plannedFrom = new Set([OTHER]);

  it.each<[string, DesiredInterface]>([
    ['with VFs of ours', entry],
    ['with VFs that someone else manages', { ...entry, externallyManaged: true }],
  ])('stays as it is, and ours, %s', (_, ours) => {
    const { pfs, problems, released } = giveBack(testPf(four), { owned: new Map([[PF, ours]]), plannedFrom });
    expect({ pfs, released }).toEqual({ pfs: [], released: [] });
    expect(problems).toEqual([
      {
        pciAddress: PF,
        reason: 'NotPlannedYet',
        message: `ens1 (${PF}): the spec has no entry of it, and was planned before the PF was reported: it is left as it is until the policy controller has seen it`,
      },
    ]);
  });

  it('is released when it is gone, and its VFs with it', () => {
    expect(giveBack(undefined, { plannedFrom })).toMatchObject({ pfs: [], problems: [], released: [PF] });
  });

  it('does not hold up the others', () => {
    const other = { ...testPf([]), pciAddress: OTHER };
    const facts = { owned: new Map([[PF, entry]]), plannedFrom };
    const plan = planHost(testFacts([testPf(four), other], [{ ...entry, pciAddress: OTHER }], facts));
    expect(plan.pfs.map(({ pciAddress }) => pciAddress)).toEqual([OTHER]);
  });
});

describe('a PF that the spec no longer has', () => {
  it('loses the VFs that we made, and gets back what it was', () => {
    const pf = testPf(four, { link: testLink({ mtu: 9000 }), sriov: { totalVfs: 7, autoprobe: true, vfs: four } });
    const { pfs, released } = giveBack(pf, { initial: new Map([[PF, { mtu: 1500, autoprobe: false }]]) });
    expect(pfs).toEqual([
      {
        pciAddress: PF,
        name: 'ens1',
        because: ['no policy selects the PF any more'],
        before: [{ kind: 'set-num-vfs', numVfs: 0 }],
        vfs: [],
        after: [
          { kind: 'set-autoprobe', enabled: false },
          { kind: 'set-pf-mtu', mtu: 1500 },
        ],
      },
    ]);
    expect(released).toEqual([]);
  });

  it.each<[string, ObservedPf | undefined, Partial<HostFacts>]>([
    ['when it is as it was before', testPf(), {}],
    [
      'with VFs that someone else manages',
      testPf(four),
      { owned: new Map([[PF, { ...entry, externallyManaged: true }]]) },
    ],
    ['when it is gone', undefined, {}],
    ['when it has no SR-IOV any more', withoutSriov(), { initial: new Map([[PF, { autoprobe: false }]]) }],
    [
      'with the larger MTU, when the host depends on its link now',
      testPf([], { uses: [{ kind: 'default-route' }], link: testLink({ mtu: 9000 }) }),
      { initial: new Map([[PF, { mtu: 1500 }]]) },
    ],
  ])('is released %s', (_, pf, change) => {
    const { pfs, problems, released } = giveBack(pf, change);
    expect({ pfs, problems, released }).toEqual({ pfs: [], problems: [], released: [PF] });
  });

  it('stays ours when it could not be looked at: its VFs may still be there', () => {
    const observed = { interfaces: [], problems: [{ pciAddress: PF, message: 'read vendor: EIO' }] };
    const { problems, released } = giveBack(undefined, { observed });
    expect(problems.map(({ reason }) => reason)).toEqual(['InterfaceNotFound']);
    expect(released).toEqual([]);
  });

  it('stays as it is, and ours, while one of its VFs is in use', () => {
    const { pfs, problems, released } = giveBack(
      testPf([netdevice(0), testVf(1, { driver: 'igbvf', uses: [{ kind: 'allocated', to: 'pod default/web' }] })]),
    );
    expect([pfs, released]).toEqual([[], []]);
    expect(problems[0]?.message).toBe(
      `ens1 (${PF}): removing its 2 VFs, as no policy wants them, removes VFs that are in use (VF 1 by pod default/web): nothing is done until they are free`,
    );
  });
});

describe('a PF of ours that no policy wants any more, and of which nobody can tell the eSwitch mode', () => {
  it('keeps its VFs, and stays ours', () => {
    const pf = testPf([netdevice(0)], { eSwitchUnknown: 'devlink -j dev show: ENOENT' });
    const { pfs, problems, released } = giveBack(pf);
    expect([pfs, released]).toEqual([[], []]);
    expect(problems).toMatchObject([
      { reason: 'InterfaceUnreadable', message: expect.stringContaining('devlink -j dev show: ENOENT') },
    ]);
  });
});

describe('a PF with a step that is blocked in the kernel', () => {
  const blocked = new Map([[PF, 'VF 2: unbind its driver: not back from the kernel since 10:00']]);
  const problem = {
    pciAddress: PF,
    reason: 'BlockedInKernel',
    message: `ens1 (${PF}): VF 2: unbind its driver: not back from the kernel since 10:00`,
  };

  it('is left alone, and the others are not', () => {
    const other = { ...testPf([]), pciAddress: OTHER };
    const plan = planHost(testFacts([testPf(), other], [entry, { ...entry, pciAddress: OTHER }], { blocked }));
    expect(plan.pfs.map(({ pciAddress }) => pciAddress)).toEqual([OTHER]);
    expect(plan.problems).toEqual([problem]);
  });

  it('is not given back either', () => {
    const { pfs, problems, released } = giveBack(testPf(four), { blocked });
    expect({ pfs, problems, released }).toEqual({ pfs: [], problems: [problem], released: [] });
  });
});

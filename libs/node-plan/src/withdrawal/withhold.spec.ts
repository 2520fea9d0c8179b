import { describe, expect, it } from '@jest/globals';
import { type BridgePlan, type HostPlan, type PfPlan, type PlanProblem } from '../planning/steps.ts';
import { PF } from '../test/test-host.ts';
import { testPfPlan } from '../test/test-remainder.ts';
import { withhold } from './withhold.ts';

const OTHER = '0000:02:00.0';
const PROBLEM: PlanProblem = { pciAddress: PF, reason: 'VirtualFunctionsNotWithdrawn', message: 'still offered' };
const BEFORE: PlanProblem = { pciAddress: OTHER, reason: 'SpecInvalid', message: 'there already' };
const VFS: PfPlan['vfs'] = [{ id: 1, steps: [{ kind: 'unbind-vf' }] }];
const planOf = (...pfs: PfPlan[]): HostPlan => ({
  modules: ['vfio-pci'],
  pfs,
  problems: [BEFORE],
  taken: [],
  released: [],
});
const problems = new Map([[PF, PROBLEM]]);

describe('a plan of which VFs are not withdrawn', () => {
  it.each<[string, Partial<PfPlan>, PfPlan[]]>([
    [
      'does nothing to a PF whose number of VFs changes',
      { before: [{ kind: 'set-num-vfs', numVfs: 4 }], vfs: VFS },
      [],
    ],
    [
      'does nothing to a PF whose eSwitch mode changes',
      { before: [{ kind: 'set-link-up' }, { kind: 'set-eswitch-mode', mode: 'switchdev' }] },
      [],
    ],
    ['does nothing to a PF that has no other steps', { vfs: VFS }, []],
    [
      'does what the PF itself needs',
      { before: [{ kind: 'set-link-up' }], vfs: VFS },
      [testPfPlan({ before: [{ kind: 'set-link-up' }] })],
    ],
    [
      'does what comes before and afterwards',
      { before: [{ kind: 'set-link-up' }], vfs: VFS, after: [{ kind: 'set-autoprobe', enabled: true }] },
      [testPfPlan({ before: [{ kind: 'set-link-up' }], after: [{ kind: 'set-autoprobe', enabled: true }] })],
    ],
    [
      'does what comes afterwards',
      { vfs: VFS, after: [{ kind: 'set-autoprobe', enabled: true }] },
      [testPfPlan({ before: [], after: [{ kind: 'set-autoprobe', enabled: true }] })],
    ],
  ])('%s', (_, change, expected) => {
    const other = testPfPlan({ pciAddress: OTHER, before: [], vfs: VFS });
    const plan = withhold(planOf(testPfPlan({ before: [], ...change }), other), problems);
    expect(plan).toEqual({ ...planOf(...expected, other), problems: [BEFORE, PROBLEM] });
  });

  it('leaves the uplink of a bridge where it is, if it was to leave for these steps', () => {
    const detach = (pciAddress: string): BridgePlan => ({
      name: `br-${pciAddress}`,
      pf: { pciAddress, name: 'ens1' },
      because: [],
      step: { kind: 'detach-uplink', uplink: 'ens1', ports: [] },
    });
    const plan = { ...planOf(testPfPlan(), testPfPlan({ pciAddress: OTHER })), bridges: [detach(PF), detach(OTHER)] };
    expect(withhold(plan, problems).bridges).toEqual([detach(OTHER)]);
  });

  it('loads no module where nothing is left to do', () => {
    expect(withhold(planOf(testPfPlan({ before: [], vfs: VFS })), problems)).toEqual({
      ...planOf(),
      modules: [],
      problems: [BEFORE, PROBLEM],
    });
  });

  it.each<[string, PfPlan]>([
    ['disturbs none of its VFs', testPfPlan({ before: [{ kind: 'set-link-up' }] })],
    ['is not the PF with the problem', testPfPlan({ pciAddress: OTHER, before: [], vfs: VFS })],
  ])('stays as it is where the PF %s', (_, pf) => {
    expect(withhold(planOf(pf), problems)).toEqual(planOf(pf));
  });
});

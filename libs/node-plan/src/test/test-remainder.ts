import { type HostPlan, type PfPlan } from '../planning/steps.ts';
import { type Remainder } from '../status/remainder.ts';
import { type StepFailure } from '../status/step-failure.ts';
import { PF } from './test-host.ts';

/** What a pass has left undone, of which only the given parts are not empty. */
export function testRemainder({
  failures = [],
  journalProblems = [],
  waits,
  ...rest
}: Partial<Omit<Remainder, 'rest'> & HostPlan> = {}): Remainder {
  return {
    rest: { modules: [], pfs: [], problems: [], taken: [], released: [], ...rest },
    failures,
    journalProblems,
    waits,
  };
}

/** A step on a VF that the kernel refused. */
export function testFailure(change: Partial<StepFailure> = {}): StepFailure {
  return {
    pf: `ens1 (${PF})`,
    pciAddress: PF,
    kind: 'bind-vf',
    step: 'VF 0: bind igbvf',
    outcome: 'failed',
    message: `ens1 (${PF}): VF 0: bind igbvf: EINVAL`,
    ...change,
  };
}

/** A plan that creates two VFs on the PF. */
export function testPfPlan(change: Partial<PfPlan> = {}): PfPlan {
  return {
    pciAddress: PF,
    name: 'ens1',
    because: ['the number of VFs is 0, not 2'],
    before: [{ kind: 'set-num-vfs', numVfs: 2 }],
    vfs: [],
    after: [],
    ...change,
  };
}

import { type ObservedPf } from '@sriov/api';
import { autoprobeOf, autoprobeStep, findBlocker, identityOf, isEmptyPlan, vfsOf } from './pf-rules.ts';
import { type InitialPf, type PfResult } from './plan-pf.ts';
import { type PfPlan, type PfStep } from './steps.ts';

/** Plans the way back for a PF that the operator configured and that the spec no longer has. */
export function planReset(pf: {
  readonly observed: ObservedPf;
  readonly initial: InitialPf | undefined;
  readonly allowHostInterfaces: boolean;
}): PfResult {
  const { observed, initial } = pf;
  const present = vfsOf(observed).length;
  const blocker = present > 0 ? findBlocker(pf, `removing its ${present} VFs, as no policy wants them,`) : undefined;
  if (blocker) return { problems: [blocker] };
  const plan: PfPlan = {
    ...identityOf(observed),
    because: ['no policy selects the PF any more'],
    before: present > 0 ? [{ kind: 'set-num-vfs', numVfs: 0 }] : [],
    vfs: [],
    after: [...autoprobeStep(autoprobeOf(observed), initial?.autoprobe), ...initialMtuStep(observed, initial?.mtu)],
  };
  return isEmptyPlan(plan) ? { problems: [] } : { plan, problems: [] };
}

/** Only now may the MTU go down: no VF is left that could need the larger one. */
function initialMtuStep({ link }: ObservedPf, mtu: number | undefined): PfStep[] {
  return link === undefined || mtu === undefined || link.mtu === mtu ? [] : [{ kind: 'set-pf-mtu', mtu }];
}

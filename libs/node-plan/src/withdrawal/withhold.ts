import { changesAllVfs } from '../planning/changes-all-vfs.ts';
import { type BridgePlan, type HostPlan, type PfPlan, type PlanProblem } from '../planning/steps.ts';

/**
 * The plan without the steps that disturb VFs of the PFs with a problem, by PCI address, and with that problem instead.
 * Everything else is done: other PFs, and what a PF needs for itself.
 */
export function withhold(plan: HostPlan, problems: ReadonlyMap<string, PlanProblem>): HostPlan {
  const met = plan.pfs.flatMap((pf) => (disturbs(pf) ? (problems.get(pf.pciAddress) ?? []) : []));
  if (met.length === 0) return plan;
  const pfs = plan.pfs.flatMap((pf) => (problems.has(pf.pciAddress) ? rest(pf) : [pf]));
  const isLeft = ({ pf }: BridgePlan): boolean =>
    plan.pfs.some(isDropped(pf.pciAddress)) && problems.has(pf.pciAddress);
  return {
    ...plan,
    pfs,
    modules: pfs.length === 0 ? [] : plan.modules,
    problems: [...plan.problems, ...met],
    // A bridge lets go of its uplink only for what is done to the PF.
    ...(plan.bridges && { bridges: plan.bridges.filter((bridge) => !isLeft(bridge)) }),
  };
}

function isDropped(pciAddress: string): (pf: PfPlan) => boolean {
  return (pf) => pf.pciAddress === pciAddress && changesAllVfs(pf);
}

function disturbs(pf: PfPlan): boolean {
  return pf.vfs.length > 0 || changesAllVfs(pf);
}

function rest(pf: PfPlan): PfPlan[] {
  const { before, after } = pf;
  if (changesAllVfs(pf)) return [];
  return before.length + after.length === 0 ? [] : [{ ...pf, vfs: [] }];
}

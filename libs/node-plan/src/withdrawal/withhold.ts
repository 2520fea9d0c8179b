import { type HostPlan, type PfPlan, type PlanProblem } from '../planning/steps.ts';

/**
 * The plan without the steps that disturb VFs of the PFs with a problem, by PCI address, and with that problem instead.
 * Everything else is done: other PFs, and what a PF needs for itself.
 */
export function withhold(plan: HostPlan, problems: ReadonlyMap<string, PlanProblem>): HostPlan {
  const met = plan.pfs.flatMap((pf) => (disturbs(pf) ? (problems.get(pf.pciAddress) ?? []) : []));
  if (met.length === 0) return plan;
  const pfs = plan.pfs.flatMap((pf) => (problems.has(pf.pciAddress) ? rest(pf) : [pf]));
  return { ...plan, pfs, modules: pfs.length === 0 ? [] : plan.modules, problems: [...plan.problems, ...met] };
}

function disturbs({ before, vfs }: PfPlan): boolean {
  return vfs.length > 0 || changesNumber(before);
}

function changesNumber(before: PfPlan['before']): boolean {
  return before.some(({ kind }) => kind === 'set-num-vfs');
}

function rest(pf: PfPlan): PfPlan[] {
  const { before, after } = pf;
  if (changesNumber(before)) return [];
  return before.length + after.length === 0 ? [] : [{ ...pf, vfs: [] }];
}

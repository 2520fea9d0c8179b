import { describeVfStep, type PfPlan, pfTitle, type StepName, type VfStep } from '@sriov/node-plan';

/** The PF of a plan, as its steps name it. */
export function placeOf(plan: Pick<PfPlan, 'pciAddress' | 'name'>): Pick<StepName, 'pf' | 'pciAddress'> {
  return { pf: pfTitle(plan), pciAddress: plan.pciAddress };
}

/** What a step on a VF is called. */
export function vfStepName(plan: PfPlan, vfId: number, step: VfStep): StepName {
  return { ...placeOf(plan), vfId, kind: step.kind, step: `VF ${vfId}: ${describeVfStep(step)}` };
}

import { driversFor, modulesOf, type PfPlan, type VfPlan } from '@sriov/node-plan';
import { failedStep, type FailedStep, isBlocked } from './failed-step.ts';
import { placeOf } from './step-names.ts';

/** Modules that are being loaded, by name; each resolves with its failure, if any. */
export type ModuleLoads = ReadonlyMap<string, Promise<FailedStep | undefined>>;

/** What VFs for vfio-pci wait for where there is no IOMMU, among the modules. */
export const NO_IOMMU = 'vfio without an IOMMU';

/** What can be done to the VFs of a PF, and a failure for each module that keeps something from being done. */
export interface AbleVfs {
  readonly plan: PfPlan;
  readonly failures: readonly FailedStep[];
}

/**
 * Waits for the modules that VFs of the PF need. Where one could not be loaded, VFs get what they can have without it.
 * One that modprobe still works on counts as there: the VFs then fail by themselves.
 */
export async function withoutMissing(plan: PfPlan, modules: ModuleLoads): Promise<AbleVfs> {
  const loads = await Promise.all(
    modulesNeededBy(plan.vfs).map(async (module) => [module, await modules.get(module)] as const),
  );
  const missing = new Map(
    loads.flatMap(([module, failure]) => (failure === undefined || isBlocked(failure) ? [] : [[module, failure]])),
  );
  const vfs = plan.vfs.map((vf) => ableVf(vf, missing)).filter(({ steps }) => steps.length > 0);
  const failures = [...missing.values()].map(({ kind, step, cause }) =>
    failedStep({ ...placeOf(plan), kind, step }, cause),
  );
  return { plan: { ...plan, vfs }, failures };
}

function modulesNeededBy(vfs: readonly VfPlan[]): string[] {
  return [...driversFor(vfs)].flatMap((driver) => [...modulesOf(driver), ...(driver === 'vfio-pci' ? [NO_IOMMU] : [])]);
}

/** A VF rather keeps the driver that it has than to have none. */
function ableVf(vf: VfPlan, missing: ReadonlyMap<string, unknown>): VfPlan {
  const first = vf.steps.findIndex((step) =>
    modulesNeededBy([{ ...vf, steps: [step] }]).some((module) => missing.has(module)),
  );
  if (first === -1) return vf;
  return { ...vf, steps: vf.steps[first]?.kind === 'bind-vf' ? [] : vf.steps.slice(0, first) };
}

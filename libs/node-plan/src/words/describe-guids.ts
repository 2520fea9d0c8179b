import { type HostPlan } from '../planning/steps.ts';
import { pfTitle } from './pf-title.ts';

/** The GUIDs that VFs get, one line for each: the subnet manager may have to be told. */
export function describeGuids({ pfs }: Pick<HostPlan, 'pfs'>): string[] {
  return pfs.flatMap((plan) =>
    plan.vfs.flatMap(({ id, steps }) =>
      steps.flatMap((step) =>
        step.kind === 'set-vf-guid' ? [`GUID of VF ${id} of ${pfTitle(plan)}: ${step.guid}`] : [],
      ),
    ),
  );
}

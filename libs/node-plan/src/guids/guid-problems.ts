import { REASON } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { problemOf } from '../planning/pf-rules.ts';
import { type PlanProblem } from '../planning/steps.ts';
import { formatVfIds } from '../words/format-vf-ids.ts';
import { type PfGuids } from './guid-facts.ts';

/** VFs of a PF that get no GUID, one problem for all with the same cause. */
export function guidProblems({
  observed,
  guids,
}: {
  readonly observed: ObservedPf;
  readonly guids?: PfGuids | undefined;
}): PlanProblem[] {
  const byCause = new Map<string, number[]>();
  for (const [id, cause] of guids?.faults ?? []) byCause.set(cause, [...(byCause.get(cause) ?? []), id]);
  return [...byCause].map(([cause, ids]) =>
    problemOf(observed, REASON.guidsInvalid, `VF ${formatVfIds(ids)}: ${cause}`),
  );
}

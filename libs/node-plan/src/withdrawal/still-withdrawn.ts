import { type ObservedHost } from '@sriov/observed-host';
import { type Withdrawal } from '@sriov/plugin-handover';
import { type HostPlan } from '../planning/steps.ts';
import { type StepFailure } from '../status/step-failure.ts';
import { withdrawalsOf } from './withdrawals.ts';

/** How a pass left the host, as far as it bears on what stays withdrawn. */
export interface WithdrawnEnd {
  /** What the hand-over file says. */
  readonly withdrawn: readonly Withdrawal[];
  /** What is still to be done, as the last look at the host shows. */
  readonly rest: Pick<HostPlan, 'pfs'>;
  readonly failures: readonly Pick<StepFailure, 'pciAddress' | 'vfId' | 'outcome'>[];
  readonly observed: Pick<ObservedHost, 'problems'>;
  /** PFs that are left as they are, although something is to be done to them. */
  readonly untouched: ReadonlySet<string>;
}

/**
 * What stays withdrawn after a pass: VFs that are still to be changed, those whose steps failed, and all of a PF about
 * which nobody knows how it is, or whose call has not come back from the kernel. Nothing is withdrawn that was not, and
 * a PF on which nothing will be done, because somebody uses its VFs, has them back.
 */
export function stillWithdrawn(end: WithdrawnEnd): Withdrawal[] {
  const { withdrawn, failures, observed, untouched } = end;
  const kept = new Set([
    ...untouched,
    ...observed.problems.map(({ pciAddress }) => pciAddress),
    ...failures.filter(({ outcome }) => outcome === 'blocked').map(({ pciAddress }) => pciAddress),
  ]);
  const needed = new Map(withdrawalsOf(end.rest).map((withdrawal) => [withdrawal.pf, withdrawal]));
  return withdrawn.flatMap((withdrawal): Withdrawal[] => {
    const { pf, vfs, because } = withdrawal;
    const present = needed.get(pf);
    if (kept.has(pf) || (present !== undefined && present.vfs === undefined)) return [withdrawal];
    const failed = failures.flatMap(({ pciAddress, vfId }) => (pciAddress === pf && vfId !== undefined ? [vfId] : []));
    const ids = [...new Set([...(present?.vfs ?? []), ...failed])].filter(
      (id) => vfs === undefined || vfs.includes(id),
    );
    return ids.length === 0 ? [] : [{ pf, vfs: ids.sort((a, b) => a - b), because: present?.because ?? because }];
  });
}

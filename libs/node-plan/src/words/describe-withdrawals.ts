import { type HostPlan } from '../planning/steps.ts';
import { withdrawalsOf } from '../withdrawal/withdrawals.ts';
import { formatVfIds } from './format-vf-ids.ts';
import { pfTitle } from './pf-title.ts';

/** The VFs that are withdrawn from pods while the plan is carried out, as lines for people; empty when there are none. */
export function describeWithdrawals(plan: Pick<HostPlan, 'pfs'>): string[] {
  const titles = new Map(plan.pfs.map((pf) => [pf.pciAddress, pfTitle(pf)]));
  const lines = withdrawalsOf(plan).map(({ pf, vfs, because }) => {
    const which = vfs === undefined ? 'all VFs' : `VF ${formatVfIds(vfs)}`;
    return `  ${titles.get(pf) ?? pf}: ${which}, because ${because}`;
  });
  return lines.length === 0 ? [] : ['the device plugin withdraws from pods, until they have changed:', ...lines];
}

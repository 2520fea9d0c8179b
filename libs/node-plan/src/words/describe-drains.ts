import { type HostPlan } from '../planning/steps.ts';
import { formatVfIds } from './format-vf-ids.ts';

/** What waits for a drain, as lines for people, one for each PF; empty when nothing does. */
export function describeDrains({ needsDrain = [] }: Pick<HostPlan, 'needsDrain'>): string[] {
  return needsDrain.map(({ pciAddress, vfs, why }) => {
    const what = vfs.length === 0 ? 'the PF' : `VF ${formatVfIds(vfs)}`;
    return `needs a drain: ${what} of ${pciAddress} (${why})`;
  });
}

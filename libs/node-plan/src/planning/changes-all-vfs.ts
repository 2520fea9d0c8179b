import { type HostPlan, type PfPlan, type PfStep } from './steps.ts';

/** Steps on a PF that all its VFs feel: they are removed, made, unbound, or stand on another eSwitch afterwards. */
const KINDS: readonly PfStep['kind'][] = ['set-num-vfs', 'unbind-vfs', 'set-eswitch-mode'];

/** Whether the plan disturbs all VFs of its PF at once. None of those that are there afterwards has a user then. */
export function changesAllVfs({ before }: Pick<PfPlan, 'before'>): boolean {
  return before.some(({ kind }) => KINDS.includes(kind));
}

/**
 * PFs on which a plan makes or removes VFs or changes the eSwitch under them, or that it gives back: VFs that the kernel
 * counts and that a look does not show matter there.
 */
export function pfsWithChangedVfs({ pfs, released }: Pick<HostPlan, 'pfs' | 'released'>): string[] {
  return [...pfs.filter(changesAllVfs).map(({ pciAddress }) => pciAddress), ...released];
}

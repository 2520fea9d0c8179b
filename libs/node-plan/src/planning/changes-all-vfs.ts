import { type PfPlan, type PfStep } from './steps.ts';

/** Steps on a PF that all its VFs feel: they are removed, made, unbound, or stand on another eSwitch afterwards. */
const KINDS: readonly PfStep['kind'][] = ['set-num-vfs', 'unbind-vfs', 'set-eswitch-mode'];

/** Whether the plan disturbs all VFs of its PF at once. None of those that are there afterwards has a user then. */
export function changesAllVfs({ before }: Pick<PfPlan, 'before'>): boolean {
  return before.some(({ kind }) => KINDS.includes(kind));
}

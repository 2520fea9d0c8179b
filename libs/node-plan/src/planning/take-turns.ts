import { type ObservedPf } from '@sriov/observed-host';
import { nicDriverOf } from '../nic-drivers.ts';
import { type PfPlan } from './steps.ts';

/**
 * Where a device resets for its MTU and for its VFs, its link is down once if the second reset comes at once. That
 * reset waits for the kernel's lock of all links, and the reset of another PF holds the lock long enough for the link
 * to come up in between. So PFs of such drivers take turns then: the resets themselves are done one after the other
 * anyway.
 */
export function takeTurns(plans: readonly PfPlan[], pfs: ReadonlyMap<string, ObservedPf>): PfPlan[] {
  const resets = ({ pciAddress }: PfPlan): boolean => nicDriverOf(pfs.get(pciAddress)?.driver)?.resets === true;
  const takesTurn = (plan: PfPlan): boolean => plan.before.length > 0 && resets(plan);
  if (!plans.some((plan) => resetsTwice(plan) && resets(plan))) return [...plans];
  return plans.map((plan) => (takesTurn(plan) ? { ...plan, takesTurn: true } : plan));
}

function resetsTwice({ before }: PfPlan): boolean {
  const kinds = new Set(before.map(({ kind }) => kind));
  return kinds.has('set-pf-mtu') && kinds.has('set-num-vfs');
}

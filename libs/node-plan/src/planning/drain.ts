import { type ObservedHost, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { FEW, listSome } from '@sriov/words';
import { changesAllVfs } from './changes-all-vfs.ts';
import { countUsers } from './count-users.ts';
import { describeHeld, holderOf, isHostUse } from './in-use.ts';
import { type DrainReason, type HostPlan, type PfPlan } from './steps.ts';

/**
 * Why a plan of a PF needs a drain of the node: it disturbs VFs that are there, or the PF itself, and somebody has them.
 * A user who is not known counts. Nothing where nobody has them, and where a drain would not help: the host itself does
 * not go away with the pods.
 */
export function drainFor(plan: PfPlan, observed: ObservedPf): DrainReason | undefined {
  const disturbed = disturbedVfs(plan, observed);
  const held = disturbed.filter(isHeld);
  const isPfHeld = interrupts(plan) && isHeld(observed);
  if (changesAllVfs(plan) && [observed, ...disturbed].some(isHostUse)) return undefined;
  const users = [
    ...(isPfHeld ? [`the PF by ${holderOf(observed) ?? ''}`] : []),
    ...(held.length > 0 ? [describeHeld(held) ?? ''] : []),
  ];
  if (users.length === 0) return undefined;
  const why = `${listSome(plan.because, FEW)}; in use: ${users.join(', ')}`;
  return { pciAddress: plan.pciAddress, vfs: held.map(({ id }) => id), why };
}

/**
 * PCI addresses of the PFs of a plan that would need a drain if somebody had their VFs. On a node that was drained, and
 * whose VFs are free, these are what the node stays drained for. VFs that are still to be made are nobody's.
 */
export function pfsThatNeedDrain({ pfs }: Pick<HostPlan, 'pfs'>, observed: ObservedHost): string[] {
  const present = new Map(countUsers(observed, 'anybody').interfaces.map((pf) => [pf.pciAddress, pf]));
  return pfs.flatMap((plan) => {
    const pf = present.get(plan.pciAddress);
    return pf !== undefined && drainFor(plan, pf) !== undefined ? [plan.pciAddress] : [];
  });
}

/** The VFs that are there and that the plan disturbs: all of them where their number or the eSwitch mode changes. */
function disturbedVfs(plan: PfPlan, { sriov }: ObservedPf): readonly ObservedVf[] {
  const present = sriov?.vfs ?? [];
  if (changesAllVfs(plan)) return present;
  // Nobody notices that an override is cleared.
  const disturbs = ({ steps }: PfPlan['vfs'][number]): boolean => steps.some(({ kind }) => kind !== 'clear-override');
  const touched = new Set(plan.vfs.filter(disturbs).map(({ id }) => id));
  return present.filter(({ id }) => touched.has(id));
}

/** Whether what is done to the PF interrupts its link. */
function interrupts(plan: PfPlan): boolean {
  return changesAllVfs(plan) || plan.before.some(({ kind }) => kind === 'set-pf-mtu');
}

function isHeld(device: Pick<ObservedVf, 'uses'>): boolean {
  return holderOf(device) !== undefined && !isHostUse(device);
}

import { type ObservedHost } from '@sriov/observed-host';
import { type Withdrawal } from '@sriov/plugin-handover';
import { changesAllVfs } from '../planning/changes-all-vfs.ts';
import { type HostPlan, type PfPlan, type VfStep } from '../planning/steps.ts';

/**
 * The VFs that a plan disturbs, by PF: nobody must be given one of them before the plan is carried out. Another number
 * of VFs disturbs all VFs of its PF, those that are still to be made among them.
 */
export function withdrawalsOf({ pfs }: Pick<HostPlan, 'pfs'>): Withdrawal[] {
  return pfs.flatMap((pf) => withdrawalOf(pf) ?? []);
}

function withdrawalOf(plan: PfPlan): Withdrawal | undefined {
  const { pciAddress: pf, vfs, isPort } = plan;
  if (changesAllVfs(plan)) return { pf, because: changeOfAll(plan) };
  const disturbed = vfs.filter(({ steps }) => steps.some(({ kind }) => kind !== 'clear-override'));
  if (disturbed.length === 0) return undefined;
  const because = changeOf(disturbed.flatMap(({ steps }) => steps));
  // A port is given to pods as a whole.
  return { pf, ...(!isPort && { vfs: disturbed.map(({ id }) => id).sort(byNumber) }), because };
}

function changeOfAll({ before }: PfPlan): string {
  const numVfs = before.flatMap((step) => (step.kind === 'set-num-vfs' ? [step.numVfs] : [])).at(-1);
  const setsMode = before.some(({ kind }) => kind === 'set-eswitch-mode');
  if (numVfs === undefined) return 'the eSwitch mode of their PF changes';
  // With the mode VFs may be made again without another number.
  if (numVfs > 0 && setsMode) return `their PF gets ${numVfs} new ${numVfs === 1 ? 'VF' : 'VFs'}`;
  return numVfs === 0 ? 'all VFs are removed' : `the number of VFs becomes ${numVfs}`;
}

function changeOf(steps: readonly VfStep[]): string {
  const kinds = new Set(steps.map(({ kind }) => kind));
  if (kinds.has('set-vf-guid')) return 'their GUIDs change';
  if (kinds.has('bind-vf') || kinds.has('unbind-vf')) return 'their driver changes';
  if (steps.some(({ kind }) => VDPA.includes(kind))) return 'their vDPA devices change';
  if (kinds.has('set-vf-link-state')) return 'their link comes up';
  return kinds.has('set-vf-mtu') ? 'their MTU changes' : 'their MAC address changes';
}

const VDPA: readonly VfStep['kind'][] = ['make-vdpa', 'bind-vdpa', 'remove-vdpa'];

/** What the needed withdrawals have that the present ones do not, by PF. */
export function uncovered(needed: readonly Withdrawal[], present: readonly Withdrawal[]): Withdrawal[] {
  const byPf = new Map(present.map((withdrawal) => [withdrawal.pf, withdrawal]));
  return needed.filter(({ pf, vfs }) => {
    const known = byPf.get(pf);
    if (known === undefined) return true;
    return known.vfs !== undefined && (vfs === undefined || !vfs.every((id) => known.vfs?.includes(id)));
  });
}

/** Both, with one entry per PF; the later one says why. In order of PCI address. */
export function joinWithdrawals(earlier: readonly Withdrawal[], later: readonly Withdrawal[]): Withdrawal[] {
  const byPf = new Map(earlier.map((withdrawal) => [withdrawal.pf, withdrawal]));
  for (const { pf, vfs, because } of later) {
    const known = byPf.get(pf);
    const ids = known === undefined ? vfs : joinIds(known.vfs, vfs);
    byPf.set(pf, { pf, ...(ids !== undefined && { vfs: ids }), because });
  }
  return [...byPf.values()].sort((a, b) => (a.pf < b.pf ? -1 : 1));
}

/** `undefined` stands for all VFs. */
function joinIds(a: Withdrawal['vfs'], b: Withdrawal['vfs']): Withdrawal['vfs'] {
  return a === undefined || b === undefined ? undefined : [...new Set([...a, ...b])].sort(byNumber);
}

function byNumber(a: number, b: number): number {
  return a - b;
}

/** PCI addresses of the VFs that are there and withdrawn, with their PFs. */
export function withdrawnDevices(
  withdrawals: readonly Withdrawal[],
  { interfaces }: Pick<ObservedHost, 'interfaces'>,
): ReadonlyMap<string, string> {
  const byPf = new Map(interfaces.map((pf) => [pf.pciAddress, pf.sriov?.vfs ?? []]));
  return new Map(
    withdrawals.flatMap(({ pf, vfs }) =>
      (byPf.get(pf) ?? [])
        .filter(({ id }) => vfs === undefined || vfs.includes(id))
        .map(({ pciAddress }) => [pciAddress, pf] as const),
    ),
  );
}

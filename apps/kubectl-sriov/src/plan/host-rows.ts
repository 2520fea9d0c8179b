import { formatVfRange, type ObservedInterface, type VirtualFunction } from '@sriov/api';
import { presentVfs } from '@sriov/node-limits';
import { type PfPlan, type PfStep, type VfStep } from '@sriov/node-plan';
import { type ChangeRow } from './change-row.ts';

/** A PF as the node reports it, and the steps that its daemon will do. */
export interface HostPf {
  readonly pciAddress: string;
  readonly nic: ObservedInterface | undefined;
  readonly steps: PfPlan | undefined;
}

/** VFs that are made and removed; nothing when their number stays. A change of the number removes all VFs first. */
export function hostCounts({
  nic,
  steps,
}: HostPf): { readonly created: number; readonly destroyed: number } | undefined {
  const numbers = (steps?.before ?? []).flatMap((step) => (step.kind === 'set-num-vfs' ? step.numVfs : []));
  const created = numbers.at(-1);
  return created === undefined ? undefined : { created, destroyed: nic === undefined ? 0 : presentVfs(nic) };
}

type Row = Omit<ChangeRow, 'subject'>;

/** What the eSwitch mode is called in the plan. */
export const ESWITCH_MODE = 'eSwitch mode';

/** On the way to a mode there can be another one. */
function lastMode(steps: PfPlan | undefined): PfStep | undefined {
  return steps?.before.findLast(({ kind }) => kind === 'set-eswitch-mode');
}

/** The rows for what the daemon changes on the host: the old value beside the new one. */
export function hostRows(pf: HostPf): Row[] {
  const { nic, steps } = pf;
  const counts = hostCounts(pf);
  const rows = (steps?.before ?? []).flatMap((step): Row[] => {
    if (step.kind === 'set-eswitch-mode' && step === lastMode(steps)) return modeRows(nic?.eSwitchMode, step.mode);
    if (step.kind === 'set-pf-mtu')
      return [{ setting: 'MTU', before: String(nic?.mtu ?? '-'), after: String(step.mtu) }];
    return step.kind === 'set-link-up' ? [{ setting: 'link', before: 'down', after: 'up' }] : [];
  });
  return counts === undefined ? [...rows, ...vfRows(pf)] : [numberRow(counts), ...rows];
}

/** Another number of VFs can take another mode for a moment, and end in the same one. */
function modeRows(before = 'legacy', after: string): Row[] {
  return before === after ? [] : [{ setting: ESWITCH_MODE, before, after }];
}

function numberRow({ created, destroyed }: { readonly created: number; readonly destroyed: number }): Row {
  const isAnew = created > 0 && destroyed > 0;
  return {
    setting: 'number of VFs',
    before: String(destroyed),
    after: isAnew ? `${created}, all recreated` : String(created),
  };
}

/** VFs that stay and get another driver or MTU. Neighbours with the same change share a row. */
function vfRows({ nic, steps }: HostPf): Row[] {
  const present = new Map((nic?.Vfs ?? []).map((vf) => [vf.vfID, vf]));
  const runs: {
    first: number;
    last: number;
    readonly setting: string;
    readonly before: string;
    readonly after: string;
  }[] = [];
  for (const { id, steps: vfSteps } of steps?.vfs ?? []) {
    for (const change of vfSteps.flatMap((step) => changeOf(step, present.get(id)))) {
      const run = runs.find(
        ({ last, setting, before, after }) =>
          last === id - 1 && setting === change.setting && before === change.before && after === change.after,
      );
      if (run) run.last = id;
      else runs.push({ first: id, last: id, ...change });
    }
  }
  return runs.map(({ first, last, setting, before, after }) => ({
    setting: `${setting} of VFs ${formatVfRange({ first, last })}`,
    before,
    after,
  }));
}

function changeOf(step: VfStep, vf: VirtualFunction | undefined): Row[] {
  if (step.kind === 'bind-vf') return [{ setting: 'driver', before: vf?.driver ?? 'none', after: step.driver }];
  if (step.kind !== 'set-vf-mtu') return [];
  return [{ setting: 'MTU', before: String(vf?.mtu ?? '-'), after: String(step.mtu) }];
}

import { EffectError, type Kernel, readVfInfos, type VfInfo } from '@sriov/host';
import { type PfPlan, type VfStep } from '@sriov/node-plan';
import { type FailedStep, failedStep } from './failed-step.ts';
import { vfStepName } from './step-names.ts';

/**
 * Looks whether the PF prescribes what it was told to for its VFs: the kernel hands it on to the driver, and some
 * drivers or their firmware drop it in silence. One command does for all VFs. Where it fails, the next look at the host
 * shows what is prescribed.
 */
export async function checkToldVfs(
  { kernel, plan }: { readonly kernel: Kernel; readonly plan: PfPlan },
  failures: readonly FailedStep[],
): Promise<FailedStep[]> {
  const hasFailed = new Set(failures.map(({ vfId }) => vfId));
  const told = plan.vfs
    .filter(({ id }) => !hasFailed.has(id))
    .flatMap(({ id, steps }) => steps.filter(({ kind }) => kind in TOLD).map((step) => ({ id, step })));
  if (told.length === 0) return [];
  const present = await readVfInfos(kernel, plan.name).catch(() => undefined);
  if (present === undefined) return [];
  return told.flatMap(({ id, step }) => {
    const lost = describeLoss(step, present.get(id) ?? {});
    if (lost === undefined) return [];
    const detail = `${lost}: its driver or firmware keeps it from that`;
    const path = `ip link set dev ${plan.name} vf ${id} ${TOLD[step.kind] ?? ''}`;
    return [failedStep(vfStepName(plan, id, step), new EffectError({ verb: 'exec', path, detail }))];
  });
}

/** Steps by which a PF is told something, and the word of `ip` for it. */
const TOLD: Partial<Record<VfStep['kind'], string>> = {
  'set-vf-mac': 'mac',
  'set-vf-guid': 'node_guid',
  'set-vf-link-state': 'state',
};

function describeLoss(step: VfStep, { adminMac, guids, linkState }: VfInfo): string | undefined {
  switch (step.kind) {
    case 'set-vf-mac':
      return compare(`MAC address ${step.mac}`, adminMac?.toLowerCase() === step.mac.toLowerCase(), adminMac ?? 'none');
    // Older kernels tell neither GUIDs nor the state of the link.
    case 'set-vf-guid':
      return guids && compareGuids(step.guid, guids);
    case 'set-vf-link-state':
      return linkState && compare(`link state ${step.state}`, linkState === step.state, linkState);
    default:
      return undefined;
  }
}

function compareGuids(wanted: string, { node, port }: NonNullable<VfInfo['guids']>): string | undefined {
  return compare(`GUID ${wanted}`, node === wanted && port === wanted, `node GUID ${node} and port GUID ${port}`);
}

function compare(wanted: string, isThere: boolean, present: string): string | undefined {
  if (isThere) return undefined;
  return `${wanted} was asked for, ip reported no error, and the PF prescribes ${present}`;
}

import { parseVfRange, rangeContains, type VfGroup } from '@sriov/api';
import { formatVfIds, type HostFacts, type HostPlan, type PfPlan, pfTitle, type StepName } from '@sriov/node-plan';
import { type ObservedHost } from '@sriov/observed-host';

/** What the pods of the device plugin miss when the plan is carried out: one sentence for each PF. */
export function vfChanges(
  { pfs }: Pick<HostPlan, 'pfs'>,
  { spec, owned }: Pick<HostFacts, 'spec' | 'owned'>,
): readonly string[] {
  return pfs.flatMap((pf) => {
    const entries = [spec.interfaces?.find(({ pciAddress }) => pciAddress === pf.pciAddress), owned.get(pf.pciAddress)];
    const groups = entries.flatMap((entry) => entry?.vfGroups ?? []).filter(({ resourceName }) => resourceName);
    const change = groups.length > 0 ? vfChange(pf, groups) : undefined;
    return change === undefined ? [] : [`${pfTitle(pf)}: ${change}`];
  });
}

function vfChange({ before, vfs }: PfPlan, groups: readonly VfGroup[]): string | undefined {
  const made = before.flatMap((step) => (step.kind === 'set-num-vfs' ? [step.numVfs] : [])).at(-1);
  const setsMode = before.some(({ kind }) => kind === 'set-eswitch-mode');
  // With the mode VFs may be made again without another number.
  if (made !== undefined)
    return made > 0 && setsMode ? `${made} new ${made === 1 ? 'VF' : 'VFs'}` : `the number of VFs becomes ${made}`;
  if (setsMode) return 'another eSwitch mode';
  const changed = vfs.filter(({ id, steps }) => steps.some(changesVfs) && isInGroup(groups, id));
  if (changed.length === 0) return undefined;
  const ids = formatVfIds(changed.map(({ id }) => id));
  // Its RDMA device may have another name when the driver is bound again.
  const isForGuids = changed.every(({ steps }) =>
    ['unbind-vf', 'set-vf-guid'].every((kind) => steps.some((step) => step.kind === kind)),
  );
  if (isForGuids) return `other GUIDs for VF ${ids}`;
  const isOfDrivers = changed.some(({ steps }) => steps.some(({ kind }) => VF_STEPS.includes(kind)));
  return isOfDrivers ? `another driver for VF ${ids}` : `other vDPA devices for VF ${ids}`;
}

function isInGroup(groups: readonly VfGroup[], id: number): boolean {
  return groups.some(({ vfRange = '' }) => {
    const range = parseVfRange(vfRange);
    return range.ok && rangeContains(range.value, id);
  });
}

const VF_STEPS: readonly StepName['kind'][] = ['set-num-vfs', 'unbind-vfs', 'set-eswitch-mode', 'bind-vf', 'unbind-vf'];
const VDPA_STEPS: readonly StepName['kind'][] = ['make-vdpa', 'bind-vdpa', 'remove-vdpa', 'remove-vdpas'];

/**
 * Whether the step changes which VFs there are, their drivers or their vDPA devices. The device plugin hears of nothing
 * else.
 */
export function changesVfs({ kind }: Pick<StepName, 'kind'>): boolean {
  return VF_STEPS.includes(kind) || VDPA_STEPS.includes(kind);
}

/** Which VFs a host has, their drivers and their vDPA devices: where two texts are equal, the device plugin has nothing to learn. */
export function vfPortrait({ interfaces }: Pick<ObservedHost, 'interfaces'>): string {
  return JSON.stringify(
    interfaces.map(({ sriov }) => sriov?.vfs.map(({ pciAddress, driver, vdpa }) => [pciAddress, driver, vdpa])),
  );
}

import { type NodeStateSpec, parseVfRange, rangeContains, REASON, type VfGroup } from '@sriov/api';
import { describePod, pfTitle, type PlanProblem } from '@sriov/node-plan';
import { type DeviceHolder, type ObservedHost, type ObservedVf } from '@sriov/observed-host';
import { listSome } from '@sriov/words';

/** What bears on whether a restart would give a VF to a second pod. */
export interface HeldVfs {
  readonly spec: NodeStateSpec;
  readonly observed: Pick<ObservedHost, 'interfaces'>;
  /** What the kubelet has given to pods, by the id of the device. */
  readonly allocated: ReadonlyMap<string, readonly DeviceHolder[]>;
}

/**
 * Why the device plugin is not restarted, by PF: a pod holds a VF under a resource that the VF is no longer part of. The
 * kubelet counts devices by resource. It would give the VF to a second pod as soon as the device plugin offers it under
 * its new name.
 */
export function renamedResources({ spec, observed, allocated }: HeldVfs): PlanProblem[] {
  const pfs = new Map(observed.interfaces.map((pf) => [pf.pciAddress, pf]));
  return (spec.interfaces ?? []).flatMap(({ pciAddress, vfGroups = [] }) => {
    const pf = pfs.get(pciAddress);
    const held = (pf?.sriov?.vfs ?? []).flatMap((vf) => heldElsewhere(vf, vfGroups, allocated.get(vf.pciAddress)));
    if (held.length === 0) return [];
    const title = pfTitle({ name: pf?.link?.name, pciAddress });
    const message = `${title}: the device plugin is not restarted, because it would then give VFs to a second pod: ${listSome(held)}: delete the pods, or wait until they end`;
    return [{ pciAddress, reason: REASON.vfInUse, message }];
  });
}

/** The holders of the VF whose resource is not the one that the VF is part of now. */
function heldElsewhere(
  { id }: ObservedVf,
  groups: readonly VfGroup[],
  holders: readonly DeviceHolder[] = [],
): string[] {
  const resource = groups.find((group) => contains(group, id))?.resourceName;
  if (!resource) return [];
  return holders
    .filter((holder) => holder.resource.split('/').at(-1) !== resource)
    .map(({ pod, resource: name }) => `VF ${id} is part of ${resource} now, and ${describePod(pod)} has it as ${name}`);
}

function contains({ vfRange = '' }: VfGroup, id: number): boolean {
  const range = parseVfRange(vfRange);
  return range.ok && rangeContains(range.value, id);
}

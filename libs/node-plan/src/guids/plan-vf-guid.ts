import { NO_GUID } from '@sriov/api';
import { holderOf } from '../planning/in-use.ts';
import { type PlannedVf, type VfDifference } from '../planning/plan-vf.ts';
import { type PfGuids } from './guid-facts.ts';

/** What the PF has to be told about the GUIDs and the link of a VF. Nothing on Ethernet. */
export function planVfGuid(guids: PfGuids | undefined, vf: PlannedVf): VfDifference {
  if (guids === undefined) return { steps: [], because: [] };
  const guid = otherGuid(guids, vf);
  const link = needsLink(vf);
  return {
    steps: [
      ...(guid === undefined ? [] : [{ kind: 'set-vf-guid', guid } as const]),
      ...(link ? [{ kind: 'set-vf-link-state', state: 'auto' } as const] : []),
    ],
    because: [
      ...(guid === undefined ? [] : [`VF ${vf.id} has ${describeGuids(vf)}`]),
      ...(link && vf.linkState !== undefined ? [`the link of VF ${vf.id} is held down`] : []),
    ],
  };
}

/**
 * The GUID that the VF is to get. Where the kernel does not tell what a bound VF has, it has what it was given. While a
 * VF is in use, its CNI plugin may have given it another one: that is for the pod alone, and none of our business.
 */
function otherGuid({ wanted, record }: PfGuids, vf: PlannedVf): string | undefined {
  const { guids, driver } = vf;
  const guid = wanted.get(vf.id);
  if (guids === undefined) return driver === undefined ? guid : undefined;
  if (guids.node === guid && guids.port === guid) return undefined;
  const isPods = holderOf(vf) !== undefined && guids.node !== NO_GUID && guids.node !== record.vfs[String(vf.id)];
  return isPods ? undefined : guid;
}

/** The link of a new VF is held down. Up and down are for pods, and `auto` follows the PF. */
function needsLink(vf: PlannedVf): boolean {
  const isDown = vf.linkState === undefined ? vf.driver === undefined : vf.linkState === 'disable';
  return isDown && holderOf(vf) === undefined;
}

function describeGuids({ guids }: PlannedVf): string {
  if (guids === undefined || guids.node === NO_GUID) return 'no GUID';
  return guids.node === guids.port ? `GUID ${guids.node}` : `node GUID ${guids.node} and port GUID ${guids.port}`;
}

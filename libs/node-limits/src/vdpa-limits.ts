import { type DesiredInterface, vdpaDriverOf, type VfGroup } from '@sriov/api';
import { type PfFacts } from './pf-facts.ts';
import { invalid, type Refusal, unsupported } from './refusal.ts';

/** NICs of this vendor alone make vDPA devices of their VFs. */
export const VDPA_VENDOR = '15b3';

/** Why a PF cannot have VFs with the vDPA devices that are wanted. */
export function checkVdpa({ vfGroups = [], eSwitchMode }: DesiredInterface, { vendor }: PfFacts): Refusal | undefined {
  const wishes = vfGroups.filter(({ vdpaType }) => vdpaType);
  if (wishes.length === 0) return undefined;
  for (const wish of wishes) {
    const fault = faultOf(wish);
    if (fault !== undefined) return invalid(fault);
  }
  if (eSwitchMode !== 'switchdev') {
    return invalid(
      `vDPA devices are wanted, and eSwitch mode ${eSwitchMode || 'legacy'}: set eSwitchMode switchdev in all policies of the PF, or remove vdpaType`,
    );
  }
  return vendor === VDPA_VENDOR
    ? undefined
    : unsupported(
        `vDPA devices are wanted, and only NICs of vendor ${VDPA_VENDOR} make them, not one of vendor ${vendor ?? 'unknown'}: remove vdpaType from the policy, or select other NICs`,
      );
}

function faultOf({ vdpaType = '', deviceType }: VfGroup): string | undefined {
  if (vdpaDriverOf(vdpaType) === undefined)
    return `vdpaType ${vdpaType} is wanted, and there are only virtio and vhost`;
  return (deviceType || 'netdevice') === 'netdevice'
    ? undefined
    : `vDPA devices are wanted of VFs with deviceType ${deviceType}, and only VFs with their kernel driver make them: set deviceType netdevice in the policy, or remove vdpaType`;
}

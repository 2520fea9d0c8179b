import { type VdpaDriver, vdpaNameOf } from '@sriov/api';
import { type ObservedVdpa, type ObservedVf } from '@sriov/observed-host';
import { type PfStep, type VfStep } from './steps.ts';

/** The vDPA device that a VF should have. */
export interface WantedVdpa {
  readonly driver: VdpaDriver;
  /** Kernel module that makes it. */
  readonly module: string;
}

/** The vDPA device of the VF that is ours. */
export function ownVdpaOf({ pciAddress, vdpa = [] }: ObservedVf): ObservedVdpa | undefined {
  return vdpa.find(({ name }) => name === vdpaNameOf(pciAddress));
}

/** Steps before everything else that is done to the VF, steps after it, and a sentence for each reason. */
export interface VdpaDifference {
  readonly first: readonly VfStep[];
  readonly last: readonly VfStep[];
  readonly because: readonly string[];
}

const NONE: VdpaDifference = { first: [], last: [], because: [] };
const REMOVE: VfStep = { kind: 'remove-vdpa' };

/**
 * What has to happen to the vDPA device of a VF. A VF that loses its driver loses its vDPA device as well: it is removed
 * before, because the kernel holds the locks of the PF while it unbinds a driver, and waits as long as a program has
 * the device file open.
 */
export function planVdpa(
  { id, vdpa: present }: { readonly id: number; readonly vdpa?: ObservedVdpa | undefined },
  wanted: WantedVdpa | undefined,
  losesDriver: boolean,
): VdpaDifference {
  if (wanted === undefined) {
    return present ? { ...NONE, first: [REMOVE], because: [`VF ${id} has a vDPA device, and none is wanted`] } : NONE;
  }
  const { driver, module } = wanted;
  const bind: VfStep = { kind: 'bind-vdpa', driver };
  if (present === undefined || losesDriver) {
    return {
      first: present ? [REMOVE] : [],
      last: [{ kind: 'make-vdpa', module }, bind],
      because: present ? [] : [`VF ${id} has no vDPA device of ours`],
    };
  }
  if (present.driver === driver) return NONE;
  const has = present.driver === undefined ? 'no driver' : `driver ${present.driver}`;
  return { ...NONE, last: [bind], because: [`the vDPA device of VF ${id} has ${has}, not ${driver}`] };
}

/** Removes the vDPA devices that are ours, where there are any: before their VFs go, or lose their drivers. */
export function removalOfVdpas(vfs: readonly ObservedVf[]): PfStep[] {
  return vfs.some((vf) => ownVdpaOf(vf) !== undefined) ? [{ kind: 'remove-vdpas' }] : [];
}

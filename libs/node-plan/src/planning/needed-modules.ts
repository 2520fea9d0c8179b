import { type ObservedPf } from '@sriov/observed-host';
import { DEFAULT_DRIVER } from './plan-vf.ts';
import { type HostPlan, type PfPlan, type VfPlan, type VfStep } from './steps.ts';

/**
 * The kernel modules that binding the VFs takes.
 *
 * vfio-pci needs an IOMMU backend, which nothing loads by itself. A VF's driver is loaded for its first VF as a rule,
 * but not where driver probing is off or somebody has blacklisted it; one that is the PF's as well is there.
 */
export function modulesFor(
  pfs: readonly PfPlan[],
  observed: ReadonlyMap<string, ObservedPf>,
): Pick<HostPlan, 'modules' | 'needsNoIommu'> {
  const drivers = pfs.flatMap(({ pciAddress, vfs }) =>
    [...driversFor(vfs)].filter((driver) => driver !== observed.get(pciAddress)?.driver),
  );
  const isWithoutIommu = ({ pciAddress, vfs }: PfPlan): boolean =>
    driversFor(vfs).has('vfio-pci') && observed.get(pciAddress)?.iommuGroup === undefined;
  return {
    modules: [...new Set(drivers.flatMap((driver) => modulesOf(driver)))],
    ...(pfs.some(isWithoutIommu) && { needsNoIommu: true }),
  };
}

/**
 * Drivers that VFs and their vDPA devices are to be bound to by name, and those that make vDPA devices. What all VFs of
 * a PF share is there once.
 */
export function driversFor(vfs: readonly VfPlan[]): Set<string> {
  const steps = vfs.flatMap((vf) => vf.steps);
  return new Set(steps.flatMap((step) => driverFor(step) ?? []));
}

function driverFor(step: VfStep): string | undefined {
  switch (step.kind) {
    case 'bind-vf':
      return step.driver === DEFAULT_DRIVER ? undefined : step.driver;
    case 'make-vdpa':
      return step.module;
    case 'bind-vdpa':
      return step.driver;
    default:
      return undefined;
  }
}

/** Kernel modules that binding the driver takes. */
export function modulesOf(driver: string): readonly string[] {
  return driver === 'vfio-pci' ? ['vfio-pci', 'vfio_iommu_type1'] : [driver];
}

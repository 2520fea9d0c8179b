import { omitUndefined } from '@sriov/api';
import { type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { type DesiredGroup } from './desired.ts';
import { nicDriverOf } from '../nic-drivers.ts';
import { type VfStep } from './steps.ts';
import { stableVfMac } from './vf-mac.ts';

/** Drivers that hand a device to a program instead of the kernel's network stack. */
const USER_SPACE_DRIVERS = ['vfio-pci', 'uio_pci_generic', 'igb_uio'];

/** MTU of a network interface that nobody has touched. */
export const DEFAULT_MTU = 1500;

/** A VF as far as planning needs it: observed, or predicted for one that is still to be made. */
export type PlannedVf = Pick<ObservedVf, 'id' | 'driver' | 'adminMac' | 'uses'> & {
  /** Absent while the VF has no network interface that we can see. */
  readonly mtu?: number | undefined;
};

/** The difference between a VF and its group: the steps, and a sentence for each reason. */
export interface VfDifference {
  readonly steps: readonly VfStep[];
  readonly because: readonly string[];
}

/** What has to happen to one VF. Nothing, when it is as its group wants it. */
export function planVf(
  { observed: pf, macSeed }: { readonly observed: ObservedPf; readonly macSeed: string },
  vf: PlannedVf,
  group: DesiredGroup,
): VfDifference {
  const driver = wantedDriver(pf, vf, group);
  if (driver === undefined) return planMtu(vf, group, vf.mtu);
  const steps: VfStep[] = [];
  if (vf.driver !== undefined) steps.push({ kind: 'unbind-vf' });
  // Set before the bind: the VF's driver reads it when it is bound, and only then.
  if (pf.linkType === 'ETH' && pf.link && vf.adminMac === undefined) {
    steps.push({ kind: 'set-vf-mac', mac: stableVfMac(macSeed, vf.id) });
  }
  steps.push({ kind: 'bind-vf', driver });
  const mtu = group.userSpaceDriver === undefined ? planMtu(vf, group, DEFAULT_MTU).steps : [];
  return {
    steps: [...steps, ...mtu],
    because: [`VF ${vf.id} has ${vf.driver === undefined ? 'no driver' : `driver ${vf.driver}`}, not ${driver}`],
  };
}

/** The driver to bind, or nothing when the bound one will do. */
function wantedDriver(pf: ObservedPf, vf: PlannedVf, group: DesiredGroup): string | undefined {
  if (group.userSpaceDriver !== undefined) {
    return vf.driver === group.userSpaceDriver ? undefined : group.userSpaceDriver;
  }
  if (vf.driver !== undefined && !USER_SPACE_DRIVERS.includes(vf.driver)) return undefined;
  return nicDriverOf(pf.driver)?.vfDriver ?? DEFAULT_DRIVER;
}

/** Stands for "whatever driver the kernel picks": the PF's driver is not one that we know. */
export const DEFAULT_DRIVER = 'default';

function planMtu(vf: PlannedVf, group: DesiredGroup, mtu: number | undefined): VfDifference {
  if (group.mtu === undefined || mtu === undefined || mtu === group.mtu) return { steps: [], because: [] };
  return {
    steps: [{ kind: 'set-vf-mtu', mtu: group.mtu }],
    because: [`VF ${vf.id} has MTU ${mtu}, not ${group.mtu}`],
  };
}

/** The VF as it is planned for. */
export function plannedVf(vf: ObservedVf): PlannedVf {
  const { id, driver, adminMac, uses, link } = vf;
  return omitUndefined({ id, driver, adminMac, uses, mtu: link?.mtu });
}

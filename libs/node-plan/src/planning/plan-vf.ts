import { omitUndefined } from '@sriov/api';
import { type ObservedPf, type ObservedVdpa, type ObservedVf } from '@sriov/observed-host';
import { type PfGuids } from '../guids/guid-facts.ts';
import { planVfGuid } from '../guids/plan-vf-guid.ts';
import { type DesiredGroup } from './desired.ts';
import { nicDriverOf } from '../nic-drivers.ts';
import { ownVdpaOf, planVdpa, type WantedVdpa } from './plan-vdpa.ts';
import { type VfStep } from './steps.ts';
import { stableVfMac } from './vf-mac.ts';

/** Drivers that hand a device to a program instead of the kernel's network stack. */
const USER_SPACE_DRIVERS = ['vfio-pci', 'uio_pci_generic', 'igb_uio'];

/** Whether the driver hands its device to a program. */
export function isUserSpaceDriver(driver: string | undefined): boolean {
  return driver !== undefined && USER_SPACE_DRIVERS.includes(driver);
}

/** MTU of a network interface that nobody has touched. */
export const DEFAULT_MTU = 1500;

/** A VF as far as planning needs it: observed, or predicted for one that is still to be made. */
export type PlannedVf = Pick<ObservedVf, 'id' | 'driver' | 'adminMac' | 'uses' | 'guids' | 'linkState'> & {
  /** Absent while the VF has no network interface that we can see. */
  readonly mtu?: number | undefined;
  /** Its vDPA device, if that is ours. */
  readonly vdpa?: ObservedVdpa | undefined;
  /** Why it is not known whether it has one. */
  readonly vdpaUnknown?: string | undefined;
  /** The address that its interface has, where it is to keep that through a change of its driver. */
  readonly keptMac?: string | undefined;
};

/** The difference between a VF and its group: the steps, and a sentence for each reason. */
export interface VfDifference {
  readonly steps: readonly VfStep[];
  readonly because: readonly string[];
}

/** A PF as far as planning its VFs needs it. */
export interface PfOfVf {
  readonly observed: ObservedPf;
  /** What MAC addresses of its VFs are made from. */
  readonly seed: string;
  /** What was decided about GUIDs; absent where its VFs have none. */
  readonly guids?: PfGuids | undefined;
}

/** What has to happen to one VF. Nothing, when it is as its group wants it. */
export function planVf({ observed: pf, seed, guids }: PfOfVf, vf: PlannedVf, group: DesiredGroup): VfDifference {
  const told = planVfGuid(guids, vf);
  const driver = wantedDriver(pf, vf, group) ?? rebound(vf, told.steps);
  const vdpa = planVdpa(vf, wantedVdpa(pf, group), driver !== undefined);
  if (driver === undefined) {
    const { steps, because } = planMtu(vf, group, vf.mtu);
    return {
      steps: [...vdpa.first, ...told.steps, ...steps, ...vdpa.last],
      because: [...told.because, ...because, ...vdpa.because],
    };
  }
  const steps: VfStep[] = [...vdpa.first];
  if (vf.driver !== undefined) steps.push({ kind: 'unbind-vf' });
  // Set before the bind: the VF's driver reads these when it is bound, and only then.
  if (pf.linkType === 'ETH' && pf.link && vf.adminMac === undefined) {
    steps.push({ kind: 'set-vf-mac', mac: vf.keptMac ?? stableVfMac(seed, vf.id) });
  }
  steps.push(...told.steps, { kind: 'bind-vf', driver });
  const mtu = group.userSpaceDriver === undefined ? planMtu(vf, group, DEFAULT_MTU).steps : [];
  return {
    steps: [...steps, ...mtu, ...vdpa.last],
    because: [...(vf.driver === driver ? [] : [describeDriver(vf, driver)]), ...told.because, ...vdpa.because],
  };
}

function wantedVdpa({ driver }: ObservedPf, { vdpaDriver }: DesiredGroup): WantedVdpa | undefined {
  const module = nicDriverOf(driver)?.vdpaModule;
  return vdpaDriver === undefined || module === undefined ? undefined : { driver: vdpaDriver, module };
}

function describeDriver({ id, driver: present }: PlannedVf, driver: string): string {
  return `VF ${id} has ${present === undefined ? 'no driver' : `driver ${present}`}, not ${driver}`;
}

/** A kernel driver that has to be bound again, because it would not learn of the GUID otherwise. */
function rebound({ driver }: PlannedVf, steps: readonly VfStep[]): string | undefined {
  const isKernelDriver = driver !== undefined && !isUserSpaceDriver(driver);
  return isKernelDriver && steps.some(({ kind }) => kind === 'set-vf-guid') ? driver : undefined;
}

/** The driver to bind, or nothing when the bound one will do. */
function wantedDriver(pf: ObservedPf, vf: PlannedVf, group: DesiredGroup): string | undefined {
  if (group.userSpaceDriver !== undefined) {
    return vf.driver === group.userSpaceDriver ? undefined : group.userSpaceDriver;
  }
  if (vf.driver !== undefined && !isUserSpaceDriver(vf.driver)) return undefined;
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
  const { id, driver, adminMac, uses, link, guids, linkState, vdpaUnknown } = vf;
  const vdpa = ownVdpaOf(vf);
  return omitUndefined({ id, driver, adminMac, uses, guids, linkState, mtu: link?.mtu, vdpa, vdpaUnknown });
}

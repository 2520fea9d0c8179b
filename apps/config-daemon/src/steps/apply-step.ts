import {
  bindDefaultDriver,
  bindDriver,
  clearDriverOverride,
  type Kernel,
  listInterfaces,
  listVfAddresses,
  setAutoprobe,
  setESwitchMode,
  setFlowSteering,
  setLinkUp,
  setMtu,
  setNumVfs,
  setTcOffload,
  setVfGuid,
  setVfLinkState,
  setVfMac,
  unbindDriver,
} from '@sriov/host';
import { DEFAULT_DRIVER, type PfPlan, type PfStep, type VfStep } from '@sriov/node-plan';
import pLimit from 'p-limit';
import { applyVdpaStep, removeVdpas } from './apply-vdpa-step.ts';
import { type LastLook } from './last-look.ts';
import { stillRefused } from './refused-modes.ts';

/** What a step is done with, and the plan of its PF. */
export interface StepWork {
  readonly kernel: Kernel;
  readonly plan: PfPlan;
  readonly lastLook: LastLook;
}

/** Does one step on a PF. @throws {InUseError} when somebody has taken a VF that would go; what the kernel throws */
export function applyPfStep(work: StepWork, step: PfStep): Promise<void> {
  const { kernel, plan } = work;
  switch (step.kind) {
    case 'set-autoprobe':
      return setAutoprobe(kernel, plan.pciAddress, step.enabled);
    case 'set-num-vfs':
      return changeNumVfs(work, step.numVfs);
    case 'unbind-vfs':
      return unbindVfs(work);
    case 'set-eswitch-mode':
      return changeESwitchMode(work, step);
    case 'set-tc-offload':
      return setTcOffload(kernel, plan.name);
    case 'set-flow-steering':
      return setFlowSteering(kernel, `pci/${plan.pciAddress}`, step.mode);
    case 'remove-vdpas':
      return removeVdpas(work);
    case 'set-pf-mtu':
      return setMtu(kernel, plan.name, step.mtu);
    case 'set-link-up':
      return setLinkUp(kernel, plan.name);
  }
}

/**
 * VFs that are there are removed with it. Where somebody else has made as many since the plan was made, the steps that
 * follow take them for new ones. So nobody must have taken one.
 */
async function changeNumVfs({ kernel, plan, lastLook }: StepWork, numVfs: number): Promise<void> {
  const { size } = await listVfAddresses(kernel, plan.pciAddress);
  if (size > 0) await lastLook.demandFree(plan.pciAddress);
  await setNumVfs(kernel, plan.pciAddress, numVfs);
}

/** VFs that are unbound, or bound, at the same time: the driver of the PF serialises most of it. */
const VFS_AT_ONCE = 8;

async function unbindVfs({ kernel, plan, lastLook }: StepWork): Promise<void> {
  const addresses = await listVfAddresses(kernel, plan.pciAddress);
  if (addresses.size > 0) await lastLook.demandFree(plan.pciAddress);
  const limit = pLimit(VFS_AT_ONCE);
  await Promise.all([...addresses.values()].map((address) => limit(() => unbindDriver(kernel, address))));
}

/** VFs lose what they were told, and with some drivers their traffic, so nobody must have taken one. */
async function changeESwitchMode(
  { kernel, plan, lastLook }: StepWork,
  { mode, refused }: Extract<PfStep, { kind: 'set-eswitch-mode' }>,
): Promise<void> {
  const { size } = await listVfAddresses(kernel, plan.pciAddress);
  if (size > 0) await lastLook.demandFree(plan.pciAddress);
  try {
    await setESwitchMode(kernel, `pci/${plan.pciAddress}`, mode);
  } catch (error) {
    throw refused === undefined ? error : stillRefused(error, refused);
  }
}

/** A VF: its index, and where it is. */
export interface VfPlace {
  readonly id: number;
  readonly pciAddress: string;
}

/** Does one step on a VF. @throws what the kernel throws */
export function applyVfStep({ kernel, plan }: StepWork, vf: VfPlace, step: VfStep): Promise<void> {
  switch (step.kind) {
    case 'set-vf-mac':
      return setVfMac(kernel, { pfName: plan.name, id: vf.id }, step.mac);
    case 'set-vf-guid':
      return setVfGuid(kernel, { pfName: plan.name, id: vf.id }, step.guid);
    case 'set-vf-link-state':
      return setVfLinkState(kernel, { pfName: plan.name, id: vf.id }, step.state);
    case 'unbind-vf':
      return unbindDriver(kernel, vf.pciAddress);
    case 'bind-vf':
      return bindVf(kernel, vf.pciAddress, step.driver);
    case 'clear-override':
      return clearDriverOverride(kernel, vf.pciAddress);
    case 'set-vf-mtu':
      return setVfMtu(kernel, vf.pciAddress, step.mtu);
    default:
      return applyVdpaStep(kernel, vf.pciAddress, step);
  }
}

function bindVf(kernel: Kernel, pciAddress: string, driver: string): Promise<void> {
  return driver === DEFAULT_DRIVER ? bindDefaultDriver(kernel, pciAddress) : bindDriver(kernel, pciAddress, driver);
}

/** A VF that a pod has taken meanwhile has no interface here any more; its MTU is then the pod's business. */
async function setVfMtu(kernel: Kernel, pciAddress: string, mtu: number): Promise<void> {
  const [name] = await listInterfaces(kernel, pciAddress);
  if (name !== undefined) await setMtu(kernel, name, mtu);
}

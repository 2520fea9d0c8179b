import { vdpaNameOf } from '@sriov/api';
import {
  addVdpaDevice,
  bindVdpaDriver,
  deleteVdpaDevice,
  type Kernel,
  listVdpaNames,
  listVfAddresses,
} from '@sriov/host';
import { type VfStep } from '@sriov/node-plan';
import { type StepWork } from './apply-step.ts';

/** Pairs of queues of a vDPA device, as upstream asks for them. */
const MAX_QUEUE_PAIRS = 32;

/** A step on the vDPA device of a VF. */
export type VdpaStep = Extract<VfStep, { kind: 'make-vdpa' | 'bind-vdpa' | 'remove-vdpa' }>;

/** Does a step on the vDPA device of a VF. @throws what the kernel throws */
export async function applyVdpaStep(kernel: Kernel, pciAddress: string, step: VdpaStep): Promise<void> {
  const name = vdpaNameOf(pciAddress);
  switch (step.kind) {
    case 'make-vdpa':
      if ((await listVdpaNames(kernel)).includes(name)) return;
      return addVdpaDevice(kernel, { name, managementDevice: `pci/${pciAddress}`, maxQueuePairs: MAX_QUEUE_PAIRS });
    case 'bind-vdpa':
      return bindVdpaDriver(kernel, name, step.driver);
    case 'remove-vdpa':
      return deleteVdpaDevice(kernel, name);
  }
}

/**
 * Removes the vDPA devices of all VFs of the PF that are ours, unless somebody has taken one of the VFs.
 * @throws {InUseError} what the kernel throws
 */
export async function removeVdpas({ kernel, plan, lastLook }: StepWork): Promise<void> {
  const own = [...(await listVfAddresses(kernel, plan.pciAddress)).values()].map(vdpaNameOf);
  const present = (await listVdpaNames(kernel)).filter((name) => own.includes(name));
  if (present.length > 0) await lastLook.demandFree(plan.pciAddress);
  for (const name of present) await deleteVdpaDevice(kernel, name);
}

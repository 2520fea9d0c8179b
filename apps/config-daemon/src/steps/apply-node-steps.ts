import {
  addKernelArguments,
  type GrubFolder,
  type Kernel,
  RDMA_MODE_FILE,
  setOvsOffload,
  setRdmaMode,
  writeFirmware,
} from '@sriov/host';
import { describeNodeStep, type NodePlan, type NodeStep } from '@sriov/node-plan';
import { attempt, type OnStep } from './attempt.ts';
import { type FailedStep } from './failed-step.ts';
import { placeOf } from './step-names.ts';

/** `/etc/modprobe.d` of the host: what the daemon writes there. */
export interface ModprobeFolder {
  write(name: string, content: string, mode: number): Promise<void>;
  remove(name: string): Promise<void>;
}

/** What steps on the node as a whole are done with. */
export interface NodeWork {
  readonly kernel: Kernel;
  readonly folder: ModprobeFolder;
  /** Absent where the kernel arguments are none of the daemon's business. */
  readonly grubFolder?: GrubFolder | undefined;
  readonly onStep: OnStep;
}

/** Everybody may read the file, those who make an initramfs among them. */
const READABLE = 0o644;

/** Does the steps on the node as a whole. One that fails does not stop the others. Returns what failed; never rejects. */
export async function applyNodeSteps(work: NodeWork, plan: NodePlan | undefined): Promise<FailedStep[]> {
  const failures: FailedStep[] = [];
  for (const step of plan?.steps ?? []) {
    const place = step.kind === 'write-firmware' ? placeOf(step) : { pf: 'the node', pciAddress: '' };
    const about = { ...place, kind: step.kind, step: describeNodeStep(step) };
    const failure = await attempt(about, work.onStep, () => applyNodeStep(work, step));
    if (failure) failures.push(failure);
  }
  return failures;
}

async function applyNodeStep({ kernel, folder, grubFolder }: NodeWork, step: NodeStep): Promise<void> {
  switch (step.kind) {
    case 'write-rdma-mode-file':
      return folder.write(RDMA_MODE_FILE, step.content, READABLE);
    case 'remove-rdma-mode-file':
      return folder.remove(RDMA_MODE_FILE);
    case 'set-rdma-mode':
      return setRdmaMode(kernel, step.mode);
    case 'set-ovs-offload':
      return setOvsOffload(kernel);
    case 'write-firmware':
      return writeFirmware(kernel, step.pciAddress, step.change);
    case 'add-kernel-arguments':
      if (grubFolder === undefined) throw new Error('the folder of GRUB is not known, so nothing was told to it');
      return addKernelArguments(kernel, step, grubFolder);
  }
}

import { type Kernel, nameRepresentors, reloadUdevRules, type UdevFolder } from '@sriov/host';
import { describeUdevStep, type UdevPlan, type UdevStep } from '@sriov/node-plan';
import { attempt, type OnStep } from './attempt.ts';
import { type FailedStep } from './failed-step.ts';
import { placeOf } from './step-names.ts';

/** What the files of udev are written with. */
export interface UdevWork {
  readonly kernel: Kernel;
  readonly folder: UdevFolder;
  readonly onStep: OnStep;
}

/** Everybody may read the files. */
const MODE = { plain: 0o644, executable: 0o755 };

/** The node as a whole, as its steps name it. */
const NODE = { pf: 'the node', pciAddress: '' };

/**
 * Writes and removes files of udev and lets udev read its rules again, or names representors. Returns what failed; never
 * rejects.
 */
export async function applyUdevSteps(work: UdevWork, plans: readonly UdevPlan[]): Promise<FailedStep[]> {
  if (plans.length === 0) return [];
  const { kernel, onStep } = work;
  const failures: FailedStep[] = [];
  for (const { pf, step } of plans) {
    const about = { ...(pf === undefined ? NODE : placeOf(pf)), kind: step.kind, step: describeUdevStep(step) };
    const failure = await attempt(about, onStep, () => applyUdevStep(work, step, about.pciAddress));
    if (failure) failures.push(failure);
  }
  if (plans.every(({ step }) => step.kind === 'name-representors')) return failures;
  const about = { ...NODE, kind: 'reload-udev', step: 'let udev read its rules again' } as const;
  const failure = await attempt(about, onStep, () => reloadUdevRules(kernel));
  return failure === undefined ? failures : [...failures, failure];
}

async function applyUdevStep({ kernel, folder }: UdevWork, step: UdevStep, pciAddress: string): Promise<void> {
  switch (step.kind) {
    case 'write-udev-rules':
      // A rule comes after the program that it calls.
      for (const { path, content, isExecutable } of step.files) {
        await folder.write(path, content, isExecutable ? MODE.executable : MODE.plain);
      }
      return;
    case 'remove-udev-rules':
      for (const path of step.paths) await folder.remove(path);
      return;
    case 'name-representors':
      return nameRepresentors(kernel, pciAddress, step);
  }
}

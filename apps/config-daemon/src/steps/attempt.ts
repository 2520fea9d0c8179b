import { type StepName } from '@sriov/node-plan';
import { type FailedStep, failedStep } from './failed-step.ts';

/** Is called with each step before it is done. What it returns is called when the step has ended. */
export type OnStep = (about: StepName) => OnStepEnd | undefined;
/** Is called when a step has ended, with its failure if it failed. */
export type OnStepEnd = (failure: FailedStep | undefined) => void;

/** Does one step. Resolves with its failure, if any; never rejects. */
export async function attempt(
  about: StepName,
  onStep: OnStep,
  work: () => Promise<void>,
): Promise<FailedStep | undefined> {
  const onEnd = onStep(about);
  try {
    await work();
  } catch (cause) {
    const failure = failedStep(about, cause);
    onEnd?.(failure);
    return failure;
  }
  onEnd?.(undefined);
  return undefined;
}

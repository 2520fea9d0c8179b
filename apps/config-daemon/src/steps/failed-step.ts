import { formatTime } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { KernelBlockedError, KernelError, RdmaModeHeldError } from '@sriov/host';
import { isOffloadStep, type StepFailure, type StepFailureKind, type StepName } from '@sriov/node-plan';
import { InUseError } from './last-look.ts';

/** A step that was not done, and what was thrown instead. */
export interface FailedStep extends StepFailure {
  readonly cause: unknown;
}

/** Says what a thrown error means for its step. @param message for people, unless that of the error will do */
export function failedStep(about: StepName, cause: unknown, message?: string): FailedStep {
  const { pf, step, pciAddress } = about;
  const outcome = outcomeOf(about, cause);
  return {
    ...about,
    outcome,
    ...(cause instanceof KernelError && outcome !== 'blocked' && { errno: cause.code }),
    message: message ?? `${pf}: ${step}: ${describeCause(cause, pciAddress)}`,
    cause,
  };
}

/** Whether the step's call is still in the kernel. */
export function isBlocked({ outcome }: FailedStep): boolean {
  return outcome === 'blocked';
}

/** Whether everything else goes on without the step: VFs do not need hardware offload. */
export function isDispensable({ kind, outcome }: Pick<StepFailure, 'kind' | 'outcome'>): boolean {
  return isOffloadStep(kind) && outcome === 'refused';
}

function outcomeOf({ kind }: StepName, cause: unknown): StepFailureKind {
  if (isOffloadStep(kind) && !(cause instanceof KernelBlockedError)) return 'refused';
  if (cause instanceof InUseError || cause instanceof RdmaModeHeldError) return 'refused';
  return cause instanceof KernelBlockedError ? 'blocked' : 'failed';
}

function describeCause(cause: unknown, pciAddress: string): string {
  return cause instanceof KernelBlockedError ? describeBlocked(cause, pciAddress) : messageOf(cause);
}

/** Words for a call that has not returned, or has and is not finished. */
export function describeBlocked({ since, unfinished }: KernelBlockedError, pciAddress: string): string {
  if (unfinished !== undefined) return `${unfinished} since ${formatTime(since)}: the PF is left alone until they have`;
  const consequence = pciAddress === '' ? 'it is not tried again until it is' : 'the PF is left alone until it is';
  return `not back from the kernel since ${formatTime(since)}: ${consequence}`;
}

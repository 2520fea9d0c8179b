import { messageOf } from '@sriov/errors';
import { KernelBlockedError } from '@sriov/host';
import { type FailedStep } from './steps/failed-step.ts';

/** The host could not be looked at: `cause` says why. */
export class HostUnreadableError extends Error {
  override readonly name = 'HostUnreadableError';
  readonly code = 'HOST_UNREADABLE';
  /** Steps that failed earlier in the same pass. */
  readonly failures: readonly FailedStep[];

  constructor(cause: unknown, failures: readonly FailedStep[]) {
    super(messageOf(cause), { cause });
    this.failures = failures;
  }

  /** The call without which the host cannot be looked at, where it has not come back from the kernel. */
  get blockedCall(): KernelBlockedError | undefined {
    return this.cause instanceof KernelBlockedError ? this.cause : undefined;
  }
}

/** Any error that ends a pass, as this one. */
export function asUnreadable(error: unknown): HostUnreadableError {
  return error instanceof HostUnreadableError ? error : new HostUnreadableError(error, []);
}

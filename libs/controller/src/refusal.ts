import { REASON, type Reason } from '@sriov/api';

/** What the API client's errors carry: an HTTP status, 0 when there was no answer, and how long the server asks to wait. */
interface Refusal {
  readonly status?: unknown;
  readonly retryAfterMs?: unknown;
}

/** What an error tells of the API server's answer; nothing of errors of other kinds. */
export function refusalOf(error: unknown): Refusal {
  return typeof error === 'object' && error !== null ? error : {};
}

/** Someone else wrote first. */
export const isConflict = (error: unknown): boolean => refusalOf(error).status === 409;

/**
 * The reason to report when the server refused a write for what it says, so that only another write can help: 413, the
 * object is too large; 422, it is not valid, or an admission policy forbids it. Nothing for other errors.
 */
export function refusedWrite(error: unknown): Reason | undefined {
  const { status } = refusalOf(error);
  if (status === 413) return REASON.objectTooLarge;
  return status === 422 ? REASON.writeRefused : undefined;
}

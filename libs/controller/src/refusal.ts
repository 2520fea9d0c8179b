import { REASON, type Reason } from '@sriov/api';

/**
 * What the API client's errors carry: an HTTP status (0 without an answer), and how long the server asks us to wait.
 */
interface ApiAnswer {
  readonly status?: unknown;
  readonly retryAfterMs?: unknown;
}

/** What an error tells about the API server's answer; nothing for errors of other kinds. */
export function refusalOf(error: unknown): ApiAnswer {
  return typeof error === 'object' && error !== null ? error : {};
}

/** Another writer was first. */
export const isConflict = (error: unknown): boolean => refusalOf(error).status === 409;

/**
 * The reason to report when the server refused a write for its content, so that only another write can help. Status
 * 413: the object is too large. Status 422: it is invalid, or an admission policy forbids it. Nothing for other errors.
 */
export function refusedWrite(error: unknown): Reason | undefined {
  const { status } = refusalOf(error);
  if (status === 413) return REASON.objectTooLarge;
  return status === 422 ? REASON.writeRefused : undefined;
}

/** What is known of a request that failed. */
export interface FailureFacts {
  readonly status: number;
  readonly reason?: string;
  readonly causes?: readonly string[];
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** An answer of the API server other than success, or an answer that never came (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code = 'API_REQUEST_FAILED';
  /** HTTP status; 0 when the server could not be reached or the connection broke. */
  readonly status: number;
  /** `reason` of the Kubernetes Status, such as `AlreadyExists`, or {@link INACTIVE}. */
  readonly reason: string;
  /** What is behind the refusal, a sentence each: the PodDisruptionBudget that forbids an eviction, for example. */
  readonly causes: readonly string[];
  /** Milliseconds that the server asks us to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, facts: FailureFacts) {
    super(message, facts.cause === undefined ? {} : { cause: facts.cause });
    this.status = facts.status;
    this.reason = facts.reason ?? '';
    this.causes = facts.causes ?? [];
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Reason of an error that ends a watch which was silent for too long. */
export const INACTIVE = 'Inactive';

/** The object does not exist. */
export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
/** The resource version asked for is no longer kept: list again. */
export const isExpired = (error: unknown): boolean => hasStatus(error, 410);
/** Someone else wrote first, or the object already exists. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409);
/** The object is larger than the API server or its store takes. */
export const isTooLarge = (error: unknown): boolean => hasStatus(error, 413);
/**
 * A write may have been made although it failed: the server, or the way to it, has failed, and has not refused it.
 * With a status from 400 to 499 nothing was written.
 */
export const isAnswerLost = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status >= 500);
/** A watch was silent for too long: the peer is gone, or there is nothing to say. */
export const isInactive = (error: unknown): boolean => error instanceof ApiError && error.reason === INACTIVE;

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

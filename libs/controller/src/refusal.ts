/** What the API client's errors carry: an HTTP status, 0 when there was no answer, and how long the server asks to wait. */
interface Refusal {
  readonly status?: unknown;
  readonly retryAfterMs?: unknown;
}

/** What an error tells of the API server's answer; nothing of errors of other kinds. */
export function refusalOf(error: unknown): Refusal {
  return typeof error === 'object' && error !== null ? error : {};
}

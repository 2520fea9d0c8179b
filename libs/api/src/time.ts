/** A moment as `metav1.Time` writes it: RFC 3339 with seconds. People read the same form. `ms` since the epoch. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** A moment as `metav1.MicroTime` writes it: RFC 3339 with six digits after the second. `ms` since the epoch. */
export function formatMicroTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** Whether a version is older than another: they are decimal numbers of any length, and rise with each write. */
export function isOlder(cached: string | undefined, written: string): boolean {
  if (cached === undefined) return true;
  return cached.length === written.length ? cached < written : cached.length < written.length;
}

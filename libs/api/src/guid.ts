/** What stands where an InfiniBand GUID was never set. */
export const NO_GUID = '00:00:00:00:00:00:00:00';

/** Eight octets with colons or dashes between them, or four groups of four digits with dots, as Go reads addresses. */
const GUID = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){6}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){3}[0-9a-f]{4})$/i;

/**
 * An InfiniBand GUID in its canonical form: eight octets, the most significant first, in lower case with colons between
 * them. Nothing when the text is no GUID.
 */
export function readGuid(text: string): string | undefined {
  if (!GUID.test(text)) return undefined;
  const digits = text.toLowerCase().replaceAll(/[^0-9a-f]/g, '');
  return digits.match(/../g)?.join(':');
}

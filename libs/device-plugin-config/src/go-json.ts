/**
 * What Go's encoder escapes in strings beside what JSON requires, so that the text may be used in HTML or JavaScript.
 */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** JSON as Go, and so upstream, writes it byte for byte: an unchanged configuration is unchanged bytes. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What Go's encoder escapes in strings, beside what every encoder has to: the text may stand in HTML or JavaScript. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** JSON as Go writes it, byte for byte: upstream's, so that an unchanged configuration is unchanged bytes. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

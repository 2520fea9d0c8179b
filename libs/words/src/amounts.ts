/** A number of things, such as `1 node` or `2 nodes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A duration in words, such as `30 s` or `2.5 s`. */
export function describeDuration(ms: number): string {
  return `${ms / 1000} s`;
}

/** Most texts of a list in a sentence: nobody reads the five-hundredth. */
const MOST = 5;

/** Most names in a sentence that needs only examples. */
export const FEW = 3;

/** The first `most` texts for a sentence, and how many more there are: `a, b and 7 more`. */
export function listSome(texts: readonly string[], most = MOST): string {
  const shown = texts.slice(0, most).join(', ');
  return texts.length > most ? `${shown} and ${texts.length - most} more` : shown;
}

/** The first `most` texts as a choice: `a or b`. */
export function listChoices(texts: readonly string[], most = FEW): string {
  return texts.slice(0, most).join(' or ');
}

/** The first `most` lines, and a line that says how many more there are. */
export function listLines(lines: readonly string[], most = MOST): string[] {
  const rest = lines.length - most;
  return rest > 0 ? [...lines.slice(0, most), `and ${rest} more`] : [...lines];
}

/** Most letters that may be added, left out or changed between a written name and the one that was meant. */
const MOST_EDITS = 2;

/** The names that are similar to the written one, the most similar first. */
export function nearNames(written: string, names: readonly string[]): string[] {
  return [...new Set(names)]
    .map((name) => ({ name, edits: editsBetween(plain(written), plain(name)) }))
    .filter(({ name, edits }) => edits <= Math.min(MOST_EDITS, name.length / 3))
    .sort((a, b) => a.edits - b.edits || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/** The Levenshtein distance, or more than {@link MOST_EDITS} where the lengths alone differ by more. */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_EDITS) return MOST_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

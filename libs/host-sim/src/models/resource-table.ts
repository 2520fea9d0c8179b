/** An entry of `resource` that is not in use. */
const EMPTY = '0x0000000000000000 0x0000000000000000 0x0000000000000000';

/** Content of a device's `resource` file: so many lines, empty but for the given ones. */
export function resourceTable(lines: number, used: Readonly<Record<number, string>>): string {
  return Array.from({ length: lines }, (_, index) => `${used[index] ?? EMPTY}\n`).join('');
}

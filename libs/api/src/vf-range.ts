/** VFs `first` to `last` of a PF, both inclusive, counted from 0. */
export interface VfRange {
  readonly first: number;
  readonly last: number;
}

/** An entry of `nicSelector.pfNames`: the PF's name, and the VFs taken where a range is given. */
export interface PfSelector {
  readonly name: string;
  readonly range?: VfRange;
}

/** A value, or a sentence that says why there is none. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

const RANGE = /^(\d{1,5})-(\d{1,5})$/;

/** Reads `"0-3"`. Refuses anything but two decimal numbers in order. */
export function parseVfRange(text: string): Parsed<VfRange> {
  const match = RANGE.exec(text);
  if (!match) return { ok: false, message: `"${text}" is not a VF range of the form first-last, such as 0-3` };
  const range = { first: Number(match[1]), last: Number(match[2]) };
  if (range.last < range.first) return { ok: false, message: `the VF range "${text}" ends before it begins` };
  return { ok: true, value: range };
}

/** Reads `"ens1f0"` or `"ens1f0#0-3"`. */
export function parsePfSelector(text: string): Parsed<PfSelector> {
  const [name = '', range, ...rest] = text.split('#');
  if (name === '') return { ok: false, message: `"${text}" names no interface` };
  if (range === undefined) return { ok: true, value: { name } };
  if (rest.length > 0) return { ok: false, message: `"${text}" has more than one "#"` };
  const parsed = parseVfRange(range);
  return parsed.ok
    ? { ok: true, value: { name, range: parsed.value } }
    : { ok: false, message: `in "${text}": ${parsed.message}` };
}

/** Writes a range as it stands in `vfGroups[].vfRange`. */
export function formatVfRange(range: VfRange): string {
  return `${range.first}-${range.last}`;
}

/** True when the two ranges share a VF. */
export function rangesOverlap(a: VfRange, b: VfRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** True when VF `id` is in the range. */
export function rangeContains(range: VfRange, id: number): boolean {
  return range.first <= id && id <= range.last;
}

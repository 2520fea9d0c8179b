import { type ParentPf } from '@sriov/observed-host';

/** True for `NAME`, and for `NAME#LIST` with indexes and ranges of them. */
export function isReadableEntry(entry: string): boolean {
  return /^[^#]*(#\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(entry);
}

/**
 * True when a list of `pfNames` or `rootDevices` names the PF with this VF or SF. Names are compared without their
 * case. The indexes of all entries of a PF count, where the original only looks at the first. An entry that cannot be
 * read names nothing from there on.
 */
export function namesPf(list: readonly string[], name: string | undefined, index: ParentPf['index']): boolean {
  if (list.length === 0) return true;
  if (name === undefined) return false;
  return list.some((entry) => {
    const [named, indexes, ...rest] = entry.split('#');
    if (named?.toLowerCase() !== name.toLowerCase() || rest.length > 0) return false;
    return indexes === undefined || (index !== undefined && containsIndex(indexes, index));
  });
}

function containsIndex(text: string, index: number): boolean {
  for (const part of text.split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) return false;
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (index >= first && index <= last) return true;
  }
  return false;
}

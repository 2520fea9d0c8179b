import { formatVfRange, type VfRange } from '@sriov/api';

/** Rising VF ids in a sentence, such as `0-3, 7`: a PF can have hundreds of VFs. */
export function formatVfIds(ids: readonly number[]): string {
  const runs: VfRange[] = [];
  for (const id of ids) {
    const run = runs.at(-1);
    if (run?.last === id - 1) runs[runs.length - 1] = { first: run.first, last: id };
    else runs.push({ first: id, last: id });
  }
  return runs.map((run) => (run.first === run.last ? String(run.first) : formatVfRange(run))).join(', ');
}

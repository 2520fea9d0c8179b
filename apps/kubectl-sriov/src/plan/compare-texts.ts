import { type ChangeRow } from './change-row.ts';

/** Stands for a setting that there is not. */
export const NOTHING = '-';

/** Rows for what is new, gone or different, by name. */
export function compareTexts(
  old: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
): Omit<ChangeRow, 'subject'>[] {
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((setting) => {
    const [before, after] = [old.get(setting), fresh.get(setting)];
    if (before === after) return [];
    const isNew = before === undefined;
    return [
      {
        setting,
        before: isNew ? NOTHING : 'present',
        after: after === undefined ? NOTHING : isNew ? 'present' : 'changed',
      },
    ];
  });
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHART_FOLDER } from '../render.ts';

/** What the README of the chart says about uninstalling. */
export function uninstallSection(): string {
  const text = readFileSync(join(CHART_FOLDER, 'README.md'), 'utf8');
  const [, section] = /^## Uninstall\n(.*?)^## /ms.exec(text) ?? [];
  if (section === undefined) throw new Error('the README has no section "Uninstall"');
  return section;
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { NIC_DRIVERS } from '@sriov/node-plan';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE = readFileSync(join(ROOT, 'docs/supported-hardware.md'), 'utf8');
const MODELS = join(ROOT, 'libs/host-sim/src/models');
const SCENARIOS = join(import.meta.dirname, 'scenarios');

/** Cells of the rows of a table, by the words that its header begins with. */
function rowsOf(header: string): string[][] {
  const [, rest = ''] = PAGE.split(`| ${header}`);
  const lines = rest.split('\n').slice(2);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const words = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
const texts = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');

/** Drivers of PFs that a model has. */
const simulated = [...texts(MODELS).matchAll(/pfDriver: '([^']+)'/g)].map(([, driver]) => driver);

describe('the page of supported hardware', () => {
  const drivers = rowsOf('Driver of the PF');

  it('has a row for each driver that is known by name, in this order, and one for all others', () => {
    const known = NIC_DRIVERS.map(({ pfDriver }) => `\`${pfDriver}\``);
    expect(drivers.map(([driver]) => driver)).toEqual([...known, 'any other']);
  });

  it.each(drivers)(
    'says of %s no more than that there is a model of it, or that it is emulated',
    (driver, ...cells) => {
      const hasModel = simulated.includes(words(driver)[0]);
      const may = ['none', 'not tried', ...(hasModel ? ['simulator'] : []), ...(driver === '`igb`' ? ['kernel'] : [])];
      expect(cells.filter((cell) => !may.includes(cell))).toEqual([]);
    },
  );

  it('names scenarios that there are', () => {
    const names = [...texts(SCENARIOS).matchAll(/\bname: '([^']+)'/g)].map(([, name]) => name);
    const named = rowsOf('Feature').flatMap((row) => words(row.at(-1) ?? ''));
    expect(named.filter((name) => !names.includes(name))).toEqual([]);
    expect(named).not.toHaveLength(0);
  });

  it('lists each model, and names files that there are', () => {
    const files = words(PAGE).filter((word) => /^(libs|tools|apps)\//.test(word));
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const models = readdirSync(MODELS).filter((name) => /name: '/.test(readFileSync(join(MODELS, name), 'utf8')));
    expect(rowsOf('Model').map(([file]) => file)).toEqual(
      expect.arrayContaining(models.map((name) => `\`libs/host-sim/src/models/${name}\``)),
    );
  });
});

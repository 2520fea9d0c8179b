import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { runWith } from '../test/test-run.ts';

const FOLDER = import.meta.dirname;

/** Each file has the command that printed it as its first line; `UPDATE_GOLDEN=1 npx jest golden` prints them again. */
describe('the text for people', () => {
  it.each(['plan.txt', 'plan-without-policies.txt', 'render.txt', 'validate.txt', 'migrate.txt'])(
    'is that of %s',
    async (name) => {
      const path = join(FOLDER, name);
      const [command = ''] = readFileSync(path, 'utf8').split('\n');
      const [, , ...argv] = command.split(' ');
      const { stdout, stderr } = await runWith(
        '',
        ...argv.map((word) => (word.endsWith('.yaml') ? join(FOLDER, word) : word)),
      );
      const printed = `${command}\n${stderr}${stdout}`.replaceAll(`${FOLDER}/`, '');
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, printed);
      expect(printed).toBe(readFileSync(path, 'utf8'));
    },
  );

  it.each(['plan.txt', 'render.txt', 'validate.txt', 'migrate.txt'])('of %s stands in the documentation', (name) => {
    const documentation = readFileSync(join(FOLDER, '../../../../docs/kubectl-sriov.md'), 'utf8');
    expect(documentation).toContain(readFileSync(join(FOLDER, name), 'utf8'));
  });
});

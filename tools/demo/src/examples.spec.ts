import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readExamples } from './examples.ts';

describe('the examples', () => {
  it('are what the README shows', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');
    const shown = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => parse(text) as unknown);
    const { policies, networks } = await readExamples();
    expect(shown).toHaveLength(2);
    for (const object of shown) expect([...policies, ...networks]).toContainEqual(object);
  });
});

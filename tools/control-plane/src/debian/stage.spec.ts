import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stage } from './stage.ts';

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'stage-'));
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const write = (content: string) => (folder: string) => writeFile(join(folder, 'file'), content);

describe('a folder of the cache', () => {
  it('is made once', async () => {
    const folder = await stage(cache, 'kernel', write('first'));
    expect(await stage(cache, 'kernel', write('second'))).toBe(folder);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('first');
    expect(readdirSync(cache)).toEqual(['kernel']);
  });

  it('that could not be finished is made afresh, without what was left of it', async () => {
    const failing = stage(cache, 'kernel', async (folder) => {
      await writeFile(join(folder, 'half'), '');
      throw new Error('no network');
    });
    await expect(failing).rejects.toThrow('no network');
    const folder = await stage(cache, 'kernel', write('whole'));
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { showStarted, STARTED_FILE } from './show-started.ts';

const before = process.cwd();
let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'show-started-')), 'device-plugin');
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

const asProbe = (): string => readFileSync(`/proc/${process.pid}/cwd/${STARTED_FILE}`, 'utf8');

describe('a startup probe', () => {
  it('sees that the process has started', async () => {
    expect(asProbe).toThrow(/ENOENT/);
    await showStarted(folder);
    expect(asProbe()).toBe('');
  });

  it('does not take the file of a process before it for its own', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, STARTED_FILE), '');
    expect(asProbe).toThrow(/ENOENT/);
    await showStarted(folder);
    expect(asProbe()).toBe('');
  });
});

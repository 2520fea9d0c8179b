import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const PROJECT = join(import.meta.dirname, '..');

describe('the bundle that runs with privileges', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'config-daemon-'));
    program = join(folder, 'config-daemon');
    const bundler = join(PROJECT, '../../tools/scripts/bundle.mjs');
    await promisify(execFile)(process.execPath, [bundler, '--executable', program], { cwd: PROJECT });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has no simulator in it', () => {
    const text = readFileSync(program, 'utf8');
    expect(text).toContain('HostKernel');
    expect(text).not.toMatch(/simulat/i);
  });

  it('knows no setting of one', async () => {
    const { stdout } = await promisify(execFile)(program, ['--help']);
    expect(stdout).toContain('--host-root');
    expect(stdout).not.toContain('simulate');
  });
});

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

  it('is the boot service as well, which fails and leaves a result where nothing says what to make', async () => {
    const run = promisify(execFile)(program, ['service', '--phase', 'pre', '--state-folder', folder]);
    const message = 'pre: sriov-interface-config.yaml of the state folder cannot be used: there is none';
    await expect(run).rejects.toMatchObject({ code: 1, stderr: `${message}\n` });
    const result = readFileSync(join(folder, 'sriov-interface-result.yaml'), 'utf8');
    expect(result).toMatch(new RegExp(`^syncStatus: Failed\nlastSyncError: "${message}"\nbootId: [0-9a-f-]+\n$`));
  });

  it('knows no setting of one', async () => {
    const { stdout } = await promisify(execFile)(program, ['--help']);
    expect(stdout).toContain('--host-root');
    expect(stdout).not.toContain('simulate');
  });
});

import { execFile, spawn } from 'node:child_process';
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const PROJECT = join(import.meta.dirname, '..');
const GOLDEN = join(import.meta.dirname, 'golden');
const NETWORKS = readFileSync(join(GOLDEN, 'networks.yaml'), 'utf8');

/** The real thing: the one file that people copy to their PATH, far from this workspace. */
describe('the bundle', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubectl-sriov-'));
    const built = join(folder, 'built');
    const bundler = join(PROJECT, '../../tools/scripts/bundle.mjs');
    await promisify(execFile)(process.execPath, [bundler, '--executable', built], { cwd: PROJECT });
    program = join(folder, 'kubectl-sriov');
    copyFileSync(built, program);
  }, 60_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (
    stdin: string,
    ...argv: string[]
  ): Promise<{ exitCode: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve, reject) => {
      // Of the options of the tests none may be needed.
      const child = spawn(program, argv, { cwd: GOLDEN, env: { PATH: process.env['PATH'] } });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => (stdout += String(chunk)));
      child.stderr.on('data', (chunk) => (stderr += String(chunk)));
      child.on('error', reject).on('close', (exitCode) => {
        resolve({ exitCode, stdout, stderr });
      });
      child.stdin.end(stdin);
    });

  it('is executable as it is', () => {
    expect(statSync(program).mode & 0o777).toBe(0o755);
    expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('prints what the golden file says', async () => {
    const { exitCode, stdout, stderr } = await run('', 'plan', '-f', 'fleet.yaml', 'policies.yaml');
    const [, ...golden] = readFileSync(join(GOLDEN, 'plan.txt'), 'utf8').split('\n');
    expect({ exitCode, text: stderr + stdout }).toEqual({ exitCode: 0, text: golden.join('\n') });
  });

  it.each<[sentence: string, stdin: string, argv: string[], exitCode: number]>([
    ['0 when all is fine', NETWORKS, ['validate', '-f', '-'], 0],
    ['1 when something is refused', NETWORKS.replace('0x8001', '0x0000'), ['validate', '-f', '-'], 1],
    ['2 when the input cannot be read', 'kind: [', ['render', '-f', '-'], 2],
    ['2 when it is called wrongly', '', ['render'], 2],
  ])('ends with %s', async (_, stdin, argv, exitCode) => {
    const ran = await run(stdin, ...argv);
    expect(ran.exitCode).toBe(exitCode);
    expect(ran.stderr).not.toMatch(/^\s+at /m);
  });

  it('says so when its result cannot be written, and ends with 2', async () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { exitCode, stderr } = await new Promise<{ exitCode: number | null; stderr: string }>((resolve) => {
        const child = spawn(program, ['render', '-f', 'networks.yaml'], {
          cwd: GOLDEN,
          stdio: ['ignore', full, 'pipe'],
        });
        let stderr = '';
        child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
        child.on('close', (code) => {
          resolve({ exitCode: code, stderr });
        });
      });
      expect(stderr).toBe('error: the result cannot be written: ENOSPC: no space left on device, write\n');
      expect(exitCode).toBe(2);
    } finally {
      closeSync(full);
    }
  });

  it('does not mind a reader that has seen enough', async () => {
    const list = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: Array.from({ length: 5_000 }, (_, index) => ({
        apiVersion: 'sriovnetwork.openshift.io/v1',
        kind: 'OVSNetwork',
        metadata: { name: `n${index}` },
        spec: { resourceName: 'r' },
      })),
    });
    const { stderr } = await new Promise<{ stderr: string }>((resolve) => {
      const child = spawn(program, ['render', '-f', '-'], { env: { PATH: process.env['PATH'] } });
      let stderr = '';
      child.stderr.on('data', (chunk) => (stderr += String(chunk)));
      child.stdout.once('data', () => child.stdout.destroy());
      child.on('close', () => {
        resolve({ stderr });
      });
      child.stdin.end(list);
    });
    expect(stderr).toBe('');
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { resolveBinaries } from './binaries.ts';
import { listLeftovers, pidOf } from './processes.ts';

/** Where nobody has got the programs before, this waits until they are built. */
const BUILD_MS = 30 * 60_000;
jest.setTimeout(60_000);

let scratch: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  await resolveBinaries({ alsoNeeds: ['kube-controller-manager'] });
}, BUILD_MS);
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'main-spec-'));
});
afterEach(() => {
  children.splice(0).forEach((child) => child.kill('SIGKILL'));
  rmSync(scratch, { recursive: true });
});

const run = (env: NodeJS.ProcessEnv, ...args: string[]): ChildProcess => {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  children.push(child);
  return child;
};
/** The folder of the control plane, once that is up. */
const folderOf = async (child: ChildProcess): Promise<string> => {
  let folder = '';
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    folder = /^logs and data: (.+)/.exec(line)?.[1] ?? folder;
    if (line.startsWith('Ctrl-C')) return folder;
  }
  throw new Error('it ended before it was up');
};
const endOf = async (child: ChildProcess): Promise<{ code: unknown; stdout: string; stderr: string }> => {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, ...texts };
};

describe('npm run control-plane', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends with code 0 on %s and leaves nothing behind', async (signal) => {
    const child = run({});
    const folder = await folderOf(child);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(listLeftovers(folder)).toEqual({ processes: [], folder: false });
  });

  it('leaves nothing behind when it is killed outright, not even the kubeconfig it was asked for', async () => {
    const kubeconfig = join(scratch, 'kubeconfig');
    const child = run({}, '--kubeconfig', kubeconfig);
    const folder = await folderOf(child);
    expect(existsSync(kubeconfig)).toBe(true);
    child.kill('SIGKILL');
    while (existsSync(kubeconfig)) await new Promise((resolve) => setTimeout(resolve, 50));
    // The supervisor removes the kubeconfig last, and may still be about to end.
    expect(listLeftovers(folder).processes.filter((line) => !line.includes('supervisor.mjs'))).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  it('ends with code 1 and the reason when a program ends', async () => {
    const child = run({});
    const folder = await folderOf(child);
    const end = endOf(child);
    process.kill(pidOf(folder, 'kube-apiserver'), 'SIGKILL');
    expect(await end).toMatchObject({ code: 1, stderr: expect.stringMatching(/^kube-apiserver ended \(SIGKILL\)/) });
    expect(listLeftovers(folder)).toEqual({ processes: [], folder: false });
  });

  it('names the programs when they are all that is asked for', async () => {
    const { code, stdout } = await endOf(run({}, '--resolve-only', '--controller-manager'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/come from [\s\S]*\/etcd\n[\s\S]*\/kube-apiserver\n[\s\S]*\/kube-controller-manager\n/);
  });

  it('ends with code 1 and the reasons, without a stack, when there are no programs', async () => {
    writeFileSync(join(scratch, 'file'), '');
    const child = run({ KUBEBUILDER_ASSETS: scratch, SRIOV_CACHE: join(scratch, 'file') });
    const { code, stderr } = await endOf(child);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`no etcd, kube-apiserver in ${scratch}`)]);
    expect(stderr).toContain('npm run demo -- --no-cluster');
    expect(stderr).not.toContain(' at ');
  });

  it.each([
    ['it does not know', ['--port'], "'--port'"],
    ['without its value', ['--kubeconfig'], "'--kubeconfig <value>' argument missing"],
    ['that makes no sense with another', ['--resolve-only', '--kubeconfig', 'x'], 'exclude each other'],
    ['that is none', ['up'], "'up'"],
  ])('ends with code 2 and the usage on a flag %s', async (_, args, reason) => {
    const { code, stderr } = await endOf(run({}, ...args));
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect(stderr).toContain('--resolve-only ');
  });
});

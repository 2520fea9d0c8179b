import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { helmFolder, type HelmOptions, resolveHelm } from './helm.ts';

let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'helm-spec-'));
  env = { PATH: `${folder}/empty::${folder}/bin`, SRIOV_CACHE: `${folder}/cache` };
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const place = (where: string, mode = 0o755): string => {
  mkdirSync(where, { recursive: true });
  writeFileSync(join(where, 'helm'), '');
  chmodSync(join(where, 'helm'), mode);
  return join(where, 'helm');
};
/** Stands for Go: leaves what `go install` would leave, and counts how often it was asked. */
const go = (): { readonly calls: (readonly string[])[]; readonly run: NonNullable<HelmOptions['run']> } => {
  const calls: (readonly string[])[] = [];
  return {
    calls,
    run: async (command, args, options = {}) => {
      calls.push([command, ...args]);
      place(options.env?.['GOBIN'] ?? '');
      return '';
    },
  };
};
const noGo: HelmOptions['run'] = () => Promise.reject(new Error('cannot run go: there is no such command on the PATH'));

describe('resolveHelm', () => {
  it('takes helm from the PATH', async () => {
    const path = place(join(folder, 'bin'));
    place(helmFolder(env));
    expect(await resolveHelm({ env, run: noGo })).toEqual({ path, source: 'the PATH' });
  });

  it('passes over a file named helm that cannot be run', async () => {
    place(join(folder, 'bin'), 0o644);
    const path = place(helmFolder(env));
    expect(await resolveHelm({ env, run: noGo })).toEqual({ path, source: 'the cache' });
  });

  it('builds it once, at a pinned version, and leaves nothing else in the cache', async () => {
    const { calls, run } = go();
    const [first, second] = await Promise.all([resolveHelm({ env, run }), resolveHelm({ env, run })]);
    const third = await resolveHelm({ env, run });
    expect(calls).toEqual([expect.arrayContaining(['go', 'install', expect.stringMatching(/helm@v3\.\d+\.\d+$/)])]);
    expect([first.source, second.source, third.source].sort()).toEqual(['a Go build', 'the cache', 'the cache']);
    expect(readdirSync(helmFolder(env))).toEqual(['helm']);
  });

  it('says in one message where it looked and what helps', async () => {
    const error = await resolveHelm({ env, run: noGo }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NO_HELM' });
    const { message } = error as Error;
    for (const part of ['the PATH', helmFolder(env), 'no such command', 'an installed helm 3']) {
      expect(message).toContain(part);
    }
    expect(readdirSync(helmFolder(env))).toEqual([]);
  });

  it('says so when the cache cannot be written', async () => {
    writeFileSync(join(folder, 'cache'), 'a file, not a folder');
    await expect(resolveHelm({ env, run: go().run })).rejects.toThrow(/NOTDIR|EEXIST/);
  });
});

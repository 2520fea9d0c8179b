import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type GoToolOptions, toolFolder } from '@sriov/control-plane';
import { HELM, resolveHelm } from './helm.ts';

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
type Run = NonNullable<GoToolOptions['run']>;
/** Stands for the helm that is found and for Go, which leaves what `go install` would leave; counts its builds. */
const machine = ({ helm = 'v3.18.0', hasGo = true } = {}): { readonly builds: string[]; readonly run: Run } => {
  const builds: string[] = [];
  return {
    builds,
    run: (command, args, options) => {
      if (command !== 'go') return Promise.resolve(helm);
      if (!hasGo) return Promise.reject(new Error('cannot run go: there is no such command on the PATH'));
      builds.push(args.at(-1) ?? '');
      place(options?.env?.['GOBIN'] ?? '');
      return Promise.resolve('');
    },
  };
};
const withoutGo = machine({ hasGo: false }).run;

describe('resolveHelm', () => {
  it('takes helm from the PATH', async () => {
    const path = place(join(folder, 'bin'));
    place(toolFolder(HELM, env));
    expect(await resolveHelm({ env, run: withoutGo })).toEqual({ path, source: 'the PATH' });
  });

  it.each([
    ['is too old', 'v3.16.4'],
    ['is of the days of Tiller', 'v2.99.0'],
    ['is another program of that name', 'Helm, a synthesizer'],
  ])('passes over one that %s', async (_, helm) => {
    place(join(folder, 'bin'));
    const { run, builds } = machine({ helm });
    expect(await resolveHelm({ env, run })).toMatchObject({ source: 'a Go build' });
    expect(builds).toHaveLength(1);
  });

  it('takes the next major version', async () => {
    const path = place(join(folder, 'bin'));
    const { run } = machine({ helm: 'v4.0.1' });
    expect(await resolveHelm({ env, run })).toEqual({ path, source: 'the PATH' });
  });

  it('passes over a file named helm that cannot be run', async () => {
    place(join(folder, 'bin'), 0o644);
    const path = place(toolFolder(HELM, env));
    expect(await resolveHelm({ env, run: withoutGo })).toEqual({ path, source: 'the cache' });
  });

  it('builds it once, at a pinned version, and leaves nothing else in the cache', async () => {
    const { builds, run } = machine();
    const [first, second] = await Promise.all([resolveHelm({ env, run }), resolveHelm({ env, run })]);
    const third = await resolveHelm({ env, run });
    expect(builds).toEqual([expect.stringMatching(/helm@v3\.\d+\.\d+$/)]);
    expect([first.source, second.source, third.source].sort()).toEqual(['a Go build', 'the cache', 'the cache']);
    expect(readdirSync(toolFolder(HELM, env))).toEqual(['helm']);
  });

  it('says in one message where it looked and what helps', async () => {
    const error = await resolveHelm({ env, run: withoutGo }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'NO_HELM' });
    const { message } = error as Error;
    for (const part of [
      'the PATH',
      toolFolder(HELM, env),
      'no such command',
      'it has no helm',
      'an installed helm 3.17',
    ]) {
      expect(message).toContain(part);
    }
    expect(readdirSync(toolFolder(HELM, env))).toEqual([]);
  });

  it('says so when the cache cannot be written', async () => {
    writeFileSync(join(folder, 'cache'), 'a file, not a folder');
    await expect(resolveHelm({ env, run: machine().run })).rejects.toThrow(/NOTDIR|EEXIST/);
  });

  it('is the version that docs/versions.md names', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/versions.md'), 'utf8');
    expect(page).toMatch(new RegExp(String.raw`^\| helm +\| ${HELM.version.replaceAll('.', String.raw`\.`)} +\|`, 'm'));
  });
});

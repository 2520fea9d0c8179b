import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type runCommand } from '../run-command.ts';
import { type Program, VERSIONS } from '../versions.ts';
import { goBuild } from './go-build.ts';

interface GoCall {
  readonly module: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

let folder: string;
let calls: GoCall[];
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'go-build-spec-'));
  calls = [];
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Answers as the go command does: packages listed on its output, executables left in the folder of -o. */
const go: typeof runCommand = (_command, args, options) => {
  const { cwd = '', env = {} } = options ?? {};
  calls.push({ module: basename(cwd), args, env });
  if (args[0] === 'version') return Promise.resolve('go version go1.99 plan9/amd64\n');
  if (args[0] === 'list') return Promise.resolve('fmt\nos\n');
  const output = args[args.indexOf('-o') + 1] ?? '';
  for (const pkg of args.slice(args.indexOf('-o') + 2)) {
    const name = pkg.endsWith('/server/v3') ? 'server' : basename(pkg);
    writeFileSync(join(output, name), `built from ${pkg}`);
  }
  return Promise.resolve('');
};
const supply = (run: typeof runCommand, ...needs: readonly Program[]): Promise<void> => {
  const workFolder = mkdtempSync(join(folder, 'work-'));
  return goBuild(run).supply({
    needs,
    folder: join(folder, 'cache'),
    workFolder,
    onProgress: (line) => lines.push(line),
  });
};
const cached = (program: Program): string => readFileSync(join(folder, 'cache', program), 'utf8');

describe('a Go build', () => {
  it('builds each program in the module that pins its version', async () => {
    await supply(go, 'etcd', 'kube-apiserver', 'kube-controller-manager');
    expect([cached('etcd'), cached('kube-apiserver'), cached('kube-controller-manager')]).toEqual([
      'built from go.etcd.io/etcd/server/v3',
      'built from k8s.io/kubernetes/cmd/kube-apiserver',
      'built from k8s.io/kubernetes/cmd/kube-controller-manager',
    ]);
    expect(calls.map(({ module, args }) => `${module}: ${args[0]}`)).toEqual([
      'etcd: version',
      'etcd: list',
      'etcd: build',
      'kubernetes: version',
      'kubernetes: list',
      'kubernetes: build',
    ]);
  });

  it('builds no more than is needed', async () => {
    await supply(go, 'kube-controller-manager');
    expect(calls.at(-1)?.args.at(-1)).toBe('k8s.io/kubernetes/cmd/kube-controller-manager');
    expect(new Set(calls.map(({ module }) => module))).toEqual(new Set(['kubernetes']));
  });

  it('tells the API server its version, keeps go.mod as it is and needs no C compiler', async () => {
    await supply(go, 'kube-apiserver');
    const { args, env } = calls.at(-1) as GoCall;
    expect(args[args.indexOf('-ldflags') + 1]).toContain(
      `-X k8s.io/component-base/version.gitVersion=v${VERSIONS.kubernetes}`,
    );
    expect(env).toMatchObject({ CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: expect.stringContaining('-mod=readonly') });
  });

  it('says with which Go it builds', async () => {
    await supply(go, 'etcd');
    expect(lines).toEqual([
      'building etcd with go version go1.99 plan9/amd64: the first time it takes minutes, and it is kept',
    ]);
  });

  it('fails with the reason of the go command', async () => {
    const old: typeof runCommand = () => Promise.reject(new Error('go.mod requires go >= 1.26.0'));
    await expect(supply(old, 'etcd')).rejects.toThrow('go.mod requires go >= 1.26.0');
  });
});

describe('the pinned modules', () => {
  const MODULES = join(import.meta.dirname, '../../go');

  it.each([
    ['kubernetes', `k8s.io/kubernetes v${VERSIONS.kubernetes}`],
    ['etcd', `go.etcd.io/etcd/server/v3 v${VERSIONS.etcd}`],
  ])('%s is at the version that the control plane says', (module, requirement) => {
    expect(readFileSync(join(MODULES, module, 'go.mod'), 'utf8')).toContain(requirement);
  });
});

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPrograms } from '../install.ts';
import { runCommand } from '../run-command.ts';
import { type Binaries, type Source, type SourceRequest } from '../source.ts';
import { type Program, VERSIONS } from '../versions.ts';

/** How a program is built: its module below `go/`, its package, and the name that Go gives it. */
interface Recipe {
  readonly module: string;
  readonly pkg: string;
  readonly ldflags: string;
}

const RECIPES: Readonly<Record<Program, Recipe>> = {
  etcd: { module: 'etcd', pkg: 'go.etcd.io/etcd/server/v3', ldflags: '-s -w' },
  'kube-apiserver': kubernetesRecipe('kube-apiserver'),
  'kube-controller-manager': kubernetesRecipe('kube-controller-manager'),
};

/** The server tells its version from these variables; a build without them is a v0.0.0. */
function kubernetesRecipe(command: string): Recipe {
  const [major, minor] = VERSIONS.kubernetes.split('.');
  const variables = { gitVersion: `v${VERSIONS.kubernetes}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const flags = Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return {
    module: 'kubernetes',
    pkg: `k8s.io/kubernetes/cmd/${command}`,
    ldflags: ['-s', '-w', ...flags].join(' '),
  };
}

const MODULES = join(import.meta.dirname, '../../go');

/** Builds the programs with the Go toolchain and the machine's Go module proxy: minutes the first time. */
export const goBuild: Source = {
  name: 'a Go build',
  async find(request) {
    const version = await goVersion();
    request.onProgress(`building etcd ${VERSIONS.etcd} and Kubernetes ${VERSIONS.kubernetes} with ${version}`);
    request.onProgress('this takes about 8 minutes on 2 cores the first time, and is kept');
    const folder = await mkdtemp(join(tmpdir(), 'sriov-go-build-'));
    try {
      // Go wants to write beside go.mod, and the checkout must stay as it is.
      await cp(MODULES, folder, { recursive: true });
      const binaries: Binaries = {};
      for (const program of request.needs) binaries[program] = await build(program, folder, request);
      return await installPrograms(binaries, request.cacheFolder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function goVersion(): Promise<string> {
  try {
    return (await runCommand('go', ['version'])).trim();
  } catch (cause) {
    throw new Error('there is no Go toolchain on the PATH', { cause });
  }
}

/** Interval of progress lines. */
const PROGRESS_MS = 10_000;

async function build(program: Program, folder: string, request: SourceRequest): Promise<string> {
  const { module, pkg, ldflags } = RECIPES[program];
  const output = join(folder, 'bin', program);
  const start = Date.now();
  let packages = 0;
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - start) / 1000);
    request.onProgress(`  ${program}: ${packages} packages compiled after ${seconds} s`);
  }, PROGRESS_MS);
  try {
    await runCommand('go', ['build', '-v', '-trimpath', '-ldflags', ldflags, '-o', output, pkg], {
      cwd: join(folder, module),
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' },
      onErrorLine: () => (packages += 1),
    });
  } finally {
    clearInterval(timer);
  }
  request.onProgress(`  ${program}: built in ${Math.round((Date.now() - start) / 1000)} s`);
  return output;
}

import { cp, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { installPrograms } from '../install.ts';
import { withProgress } from '../progress.ts';
import { runCommand } from '../run-command.ts';
import { type Binaries, type Supplier, type SupplyRequest } from '../source.ts';
import { type Program, VERSIONS } from '../versions.ts';

/** A module below `go/` that pins versions, and the programs that are built in it. */
interface Recipe {
  readonly module: string;
  /** Package of each program. */
  readonly packages: Partial<Record<Program, string>>;
  readonly ldflags: string;
}

/** The server tells its version from these variables; a build without them is a v0.0.0. */
function kubernetesFlags(): string {
  const [major, minor] = VERSIONS.kubernetes.split('.');
  const variables = { gitVersion: `v${VERSIONS.kubernetes}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const flags = Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return ['-s', '-w', ...flags].join(' ');
}

const RECIPES: readonly Recipe[] = [
  { module: 'etcd', packages: { etcd: 'go.etcd.io/etcd/server/v3' }, ldflags: '-s -w' },
  {
    module: 'kubernetes',
    packages: {
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
      'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    },
    ldflags: kubernetesFlags(),
  },
];

const MODULES = join(import.meta.dirname, '../../go');

/** Builds programs with the Go toolchain and whatever Go module proxy it is set to: minutes the first time. */
export function goBuild(run: typeof runCommand = runCommand): Supplier {
  return {
    name: 'a Go build',
    async supply(request) {
      // Go wants to write beside go.mod, and the checkout must stay as it is.
      await cp(MODULES, request.workFolder, { recursive: true });
      for (const recipe of RECIPES) {
        const programs = request.needs.filter((program) => recipe.packages[program] !== undefined);
        if (programs.length > 0) await build(run, recipe, { ...request, needs: programs });
      }
    },
  };
}

async function build(run: typeof runCommand, recipe: Recipe, request: SupplyRequest): Promise<void> {
  const { needs, workFolder, folder, onProgress } = request;
  const names = needs.join(', ');
  const go = (args: readonly string[], onErrorLine: (line: string) => void): Promise<string> =>
    run('go', args, { cwd: join(workFolder, recipe.module), env: goEnvironment(), onErrorLine });

  // Asked in the module's folder, this may make Go fetch the toolchain that go.mod demands.
  const version = (await go(['version'], onProgress)).trim();
  const packages = needs.map((program) => recipe.packages[program] ?? '');
  const total = await countPackages(go, packages, onProgress);
  onProgress(`building ${names} with ${version}: the first time it takes minutes, and it is kept`);
  let compiled = 0;
  const output = join(workFolder, 'bin');
  await mkdir(output, { recursive: true });
  await withProgress(
    (seconds) => onProgress(`  ${names}: compiled ${compiled} of at most ${total} packages in ${seconds} s`),
    () =>
      go(['build', '-v', '-trimpath', '-ldflags', recipe.ldflags, '-o', `${output}/`, ...packages], () => {
        compiled += 1;
      }),
  );
  const built = needs.map((program) => [program, join(output, executableName(recipe.packages[program] ?? ''))]);
  await installPrograms(Object.fromEntries(built) as Binaries, folder);
}

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '-mod=readonly -buildvcs=false' };
}

/** How many packages there are to compile, and downloads their modules on the way. */
async function countPackages(
  go: (args: readonly string[], onErrorLine: (line: string) => void) => Promise<string>,
  packages: readonly string[],
  onProgress: (line: string) => void,
): Promise<number> {
  let downloads = 0;
  const listed = await withProgress(
    (seconds) => onProgress(`  downloading Go modules: ${downloads} after ${seconds} s`),
    () =>
      go(['list', '-deps', ...packages], () => {
        downloads += 1;
      }),
  );
  return listed.trim().split('\n').length;
}

/** Go names an executable by the last part of its package, but for a major version. */
function executableName(pkg: string): string {
  return basename(pkg.replace(/\/v\d+$/, ''));
}

import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { installPrograms } from '../install.ts';
import { runCommand } from '../run-command.ts';
import { type Supplier } from '../source.ts';
import { type Program, VERSIONS } from '../versions.ts';
import { buildGoPrograms } from './go-programs.ts';

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
      'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
      kubelet: 'k8s.io/kubernetes/cmd/kubelet',
    },
    ldflags: kubernetesFlags(),
  },
];

const MODULES = join(import.meta.dirname, '../../go');

/** Builds programs with the Go toolchain and whatever Go module proxy it is set to: minutes the first time. */
export function goBuild(run: typeof runCommand = runCommand): Supplier {
  return {
    name: 'a Go build',
    async supply({ needs, folder, workFolder, onProgress }) {
      // Go wants to write beside go.mod, and the checkout must stay as it is.
      await cp(MODULES, workFolder, { recursive: true });
      for (const { module, packages, ldflags } of RECIPES) {
        const wanted = Object.entries(packages).filter(([program]) => needs.some((need) => need === program));
        if (wanted.length === 0) continue;
        const request = {
          module: join(workFolder, module),
          packages: Object.fromEntries(wanted),
          flags: ['-ldflags', ldflags],
          output: join(workFolder, 'bin'),
          onProgress,
        };
        await installPrograms(await buildGoPrograms(request, run), folder);
      }
    },
  };
}

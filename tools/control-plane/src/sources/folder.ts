import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries, type Source } from '../source.ts';
import { type Program } from '../versions.ts';

/** The programs that are in a folder, and kubectl if it is there as well. Those that are not are left out. */
export async function listFolder(folder: string, programs: readonly Program[]): Promise<Binaries> {
  const binaries: Binaries = {};
  for (const program of [...programs, 'kubectl'] as const) {
    const path = join(folder, program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) binaries[program] = path;
  }
  return binaries;
}

/** What of `needs` is not in `binaries`. */
export function listMissing(binaries: Binaries, needs: readonly Program[]): Program[] {
  return needs.filter((program) => binaries[program] === undefined);
}

/** Programs that stand ready in a folder: all that are needed, or none. */
export function folderSource(name: string, folder: string): Source {
  return {
    name,
    async find(needs) {
      const binaries = await listFolder(folder, needs);
      const missing = listMissing(binaries, needs);
      if (missing.length > 0) throw new Error(`no ${missing.join(', ')} in ${folder}`);
      return binaries;
    },
  };
}

/** The ecosystem's convention: `setup-envtest` and others leave their programs there. */
export function kubebuilderAssets(env: NodeJS.ProcessEnv): Source {
  const folder = env['KUBEBUILDER_ASSETS'];
  return folder
    ? folderSource('$KUBEBUILDER_ASSETS', folder)
    : folderSource("kubebuilder's folder", '/usr/local/kubebuilder/bin');
}

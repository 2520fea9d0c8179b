import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries, type Source, type SourceRequest } from '../source.ts';
import { type Program } from '../versions.ts';

/**
 * Programs that stand ready in a folder.
 * @throws Error that names the folder and what it lacks.
 */
export async function findInFolder(folder: string, needs: readonly Program[]): Promise<Binaries> {
  const binaries: Binaries = {};
  const missing: string[] = [];
  for (const program of needs) {
    const path = join(folder, program);
    try {
      await access(path, constants.X_OK);
      binaries[program] = path;
    } catch {
      missing.push(program);
    }
  }
  if (missing.length > 0) throw new Error(`${folder} has no ${missing.join(', ')}`);
  return binaries;
}

/** The ecosystem's convention: `setup-envtest` and others leave their programs there. */
export function kubebuilderAssets(env: NodeJS.ProcessEnv): Source {
  const folder = env['KUBEBUILDER_ASSETS'] || '/usr/local/kubebuilder/bin';
  const name = env['KUBEBUILDER_ASSETS'] ? `KUBEBUILDER_ASSETS (${folder})` : folder;
  return { name, find: ({ needs }) => findInFolder(folder, needs) };
}

/** What an earlier run fetched or built. */
export const cache: Source = {
  name: 'the cache',
  find: ({ needs, cacheFolder }: SourceRequest) => findInFolder(cacheFolder, needs),
};

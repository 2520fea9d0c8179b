import { join } from 'node:path';
import { messageOf } from '@sriov/api';
import { withLock } from './lock.ts';
import { cacheFolder, platformName } from './platform.ts';
import { type Binaries, type Source, type SourceRequest } from './source.ts';
import { envtestArchive } from './sources/envtest-archive.ts';
import { cache, kubebuilderAssets } from './sources/folder.ts';
import { goBuild } from './sources/go-build.ts';
import { type Program, REQUIRED, VERSIONS } from './versions.ts';

/** Places to look, in order. */
export interface Sources {
  /** Answer at once. */
  readonly quick: readonly Source[];
  /** Fetch or build: one process at a time. */
  readonly slow: readonly Source[];
}

/** What is needed, and who hears of the progress. */
export interface ResolveOptions {
  /** Beside etcd and kube-apiserver. */
  readonly alsoNeeds?: readonly Program[];
  readonly onProgress?: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  readonly sources?: Sources;
}

/** The programs, and where they came from. */
export interface Resolved {
  readonly binaries: Binaries;
  readonly source: string;
}

/** No place has the programs. */
export class NoControlPlaneError extends Error {
  override readonly name = 'NoControlPlaneError';
  readonly code = 'NO_CONTROL_PLANE';

  constructor(failures: readonly string[]) {
    super(
      [
        `no control plane (Kubernetes ${VERSIONS.kubernetes}, etcd ${VERSIONS.etcd}) could be had from any of:`,
        ...failures.map((failure) => `  ${failure}`),
        'Without one, "npm run demo -- --no-cluster" shows policies becoming VFs on a simulated node.',
      ].join('\n'),
    );
  }
}

/**
 * Finds the programs of a control plane: ready-made, cached, downloaded or built, whichever comes first.
 * @throws {NoControlPlaneError} that lists each place and why it has none.
 */
export async function resolveBinaries(options: ResolveOptions = {}): Promise<Resolved> {
  const env = options.env ?? process.env;
  const folder = binariesFolder(env);
  const onProgress = options.onProgress ?? (() => undefined);
  const request = { needs: [...REQUIRED, ...(options.alsoNeeds ?? [])], cacheFolder: folder, onProgress };
  const { quick, slow } = options.sources ?? {
    quick: [kubebuilderAssets(env), cache],
    slow: [envtestArchive(), goBuild],
  };
  const ready = await tryInOrder(quick, request);
  if (ready.found) return ready.found;
  const tellWait = (pid: number): void => onProgress(`waiting for process ${pid}, which is getting the same programs`);
  return withLock(join(folder, '.lock'), tellWait, async () => {
    // Whoever held the lock before us may have filled the cache.
    const { found, failures } = await tryInOrder([...quick, ...slow], request);
    if (found) return found;
    throw new NoControlPlaneError(failures);
  });
}

async function tryInOrder(
  sources: readonly Source[],
  request: SourceRequest,
): Promise<{ found?: Resolved; failures: string[] }> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      return { found: { binaries: await source.find(request), source: source.name }, failures };
    } catch (error) {
      failures.push(`${source.name}: ${messageOf(error)}`);
    }
  }
  return { failures };
}

/** Folder of the cache, by version and platform: a new version never meets the old programs. */
export function binariesFolder(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), 'control-plane', `${VERSIONS.kubernetes}-etcd-${VERSIONS.etcd}-${platformName()}`);
}

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@sriov/errors';
import { withLock } from './lock.ts';
import { cacheFolder, platformName } from './platform.ts';
import { type Binaries, type Source, type Supplier } from './source.ts';
import { envtestArchive } from './sources/envtest-archive.ts';
import { folderSource, kubebuilderAssets, listFolder, listMissing } from './sources/folder.ts';
import { goBuild } from './sources/go-build.ts';
import { type Program, REQUIRED, VERSIONS } from './versions.ts';

/** Where to look, in order. */
export interface Sources {
  /** Answer at once, with all programs or none: those of one place fit each other. */
  readonly ready: readonly Source[];
  /** Fill the cache, each with what it can give; one process at a time. */
  readonly suppliers: readonly Supplier[];
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
  /** What was needed; kubectl too where the source has it. */
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
        'Any of these helps: a Go toolchain with a module proxy, programs in the folder KUBEBUILDER_ASSETS,',
        'or, where no controller manager is needed, a network.',
        'Without one, "npm run demo -- --no-cluster" shows policies becoming VFs on a simulated node.',
      ].join('\n'),
    );
  }
}

/**
 * Finds the programs of a control plane: ready-made, cached, downloaded or built, whichever comes first. What is
 * downloaded or built stays in the cache, and only what the cache lacks is.
 * @throws {NoControlPlaneError} that lists each place and why it has none.
 */
export async function resolveBinaries(options: ResolveOptions = {}): Promise<Resolved> {
  const env = options.env ?? process.env;
  const folder = binariesFolder(env);
  const needs = [...REQUIRED, ...(options.alsoNeeds ?? [])];
  const onProgress = options.onProgress ?? (() => undefined);
  const { ready, suppliers } = options.sources ?? {
    ready: [kubebuilderAssets(env), folderSource('the cache', folder)],
    suppliers: [envtestArchive(), goBuild()],
  };
  const { found, failures } = await findReady(ready, needs);
  if (found) return found;
  await makeCache(folder, failures);
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it gets the same programs`);
  return withLock(join(folder, '.lock'), tellWait, async () => {
    // Whoever held the lock before us may have filled the cache.
    const again = await findReady(ready, needs);
    if (again.found) return again.found;
    return supply(suppliers, { needs, folder, onProgress }, again.failures);
  });
}

async function findReady(
  sources: readonly Source[],
  needs: readonly Program[],
): Promise<{ found?: Resolved; failures: string[] }> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      return { found: { binaries: await source.find(needs), source: source.name }, failures };
    } catch (error) {
      failures.push(`${source.name}: ${messageOf(error)}`);
    }
  }
  return { failures };
}

async function makeCache(folder: string, failures: readonly string[]): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const cure = 'name a folder that can be written in SRIOV_CACHE, for there they are downloaded and built';
    throw new NoControlPlaneError([...failures, `${messageOf(error)}: ${cure}`]);
  }
}

async function supply(
  suppliers: readonly Supplier[],
  request: { needs: readonly Program[]; folder: string; onProgress: (line: string) => void },
  failures: string[],
): Promise<Resolved> {
  const { needs, folder, onProgress } = request;
  const contributors: string[] = [];
  let binaries = await listFolder(folder, needs);
  for (const supplier of suppliers) {
    const lacking = listMissing(binaries, needs);
    if (lacking.length === 0) break;
    try {
      await inWorkFolder(folder, (workFolder) => supplier.supply({ needs: lacking, folder, workFolder, onProgress }));
      contributors.push(supplier.name);
      binaries = await listFolder(folder, needs);
      failures.push(`${supplier.name}: it has no ${listMissing(binaries, needs).join(', ')}`);
    } catch (error) {
      failures.push(`${supplier.name}: ${messageOf(error)}`);
      onProgress(`nothing from ${supplier.name}: ${messageOf(error)}`);
    }
  }
  if (listMissing(binaries, needs).length > 0) throw new NoControlPlaneError(failures);
  return { binaries, source: contributors.join(' and ') };
}

/** A run that was killed leaves its work folder; the next one, which has the lock, clears it away. */
async function inWorkFolder(folder: string, work: (workFolder: string) => Promise<void>): Promise<void> {
  const workFolder = join(folder, '.work');
  await rm(workFolder, { recursive: true, force: true });
  await mkdir(workFolder);
  try {
    await work(workFolder);
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** Folder of the cache, by version and platform: a new version never meets the old programs. */
export function binariesFolder(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), 'control-plane', `${VERSIONS.kubernetes}-etcd-${VERSIONS.etcd}-${platformName()}`);
}

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cacheFolder,
  CannotRunError,
  NoControlPlaneError,
  resolveBinaries,
  stage,
  VERSIONS,
  withLock,
} from '@sriov/control-plane';
import { demandCanBuild } from '@sriov/images';
import { getSupplies, type Supplies } from '@sriov/vm';
import { getContainerdFolder } from '../images/build-images.ts';
import { layOutNodeRoot, writeDiskInitramfs } from './node-root.ts';
import { getRuntime } from './runtime.ts';

/** Everything that a node is started from. */
export interface NodeSupplies {
  readonly vm: Supplies;
  /** Mounts the first disk. */
  readonly initramfs: string;
  /** What is on the first disk: the root file system. */
  readonly rootFolder: string;
  /** What is on the second disk: the data folder of containerd, with all images unpacked. */
  readonly containerdFolder: string;
}

const FILES = join(import.meta.dirname, '../../files');
/** Other runs may still read what an older version gave. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * Gets what is missing in the cache, one process at a time, builds the images of our programs as they are now, and
 * tells where everything is. @throws {CannotRunError} on a machine that can have none of it
 */
export async function getNodeSupplies(onProgress: (line: string) => void): Promise<NodeSupplies> {
  // The images come last, and what comes before them takes minutes.
  await demandCanBuild();
  const vm = await getSupplies(onProgress);
  // What takes longest comes first; a control plane that starts later finds its programs there.
  const needs = ['kube-controller-manager', 'kube-scheduler', 'kubelet'] as const;
  const { binaries } = await resolveBinaries({ alsoNeeds: needs, onProgress }).catch((error: unknown) => {
    if (error instanceof NoControlPlaneError) throw new CannotRunError(error.message, { cause: error });
    throw error;
  });
  const cache = join(cacheFolder(), 'node');
  await mkdir(cache, { recursive: true });
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it fills the same cache`);
  const folder = await withLock(join(cache, '.lock'), tellWait, async () => {
    const runtime = await getRuntime(cache, onProgress);
    const name = `root-${await hashOf([runtime.bin, vm.kernelFolder, vm.initramfs, VERSIONS.kubernetes])}`;
    await removeOld(cache, name);
    return stage(cache, name, async (into) => {
      onProgress('laying out the root of the node');
      await layOutNodeRoot(join(into, 'root'), { ...vm, runtime, kubelet: binaries.kubelet ?? '' });
      const work = join(into, 'work');
      await writeDiskInitramfs(join(into, 'initramfs.cpio'), work, vm);
      await rm(work, { recursive: true });
    });
  });
  const containerdFolder = await getContainerdFolder({ cache: join(cache, 'images'), tools: vm.tools, onProgress });
  return { vm, initramfs: join(folder, 'initramfs.cpio'), rootFolder: join(folder, 'root'), containerdFolder };
}

/** Of the names of parts that never change, and of the content of files that do. */
async function hashOf(parts: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(parts.join());
  for (const entry of await readdir(FILES, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    hash.update(path.slice(FILES.length)).update(await readFile(path));
  }
  return hash
    .update(await readFile(join(import.meta.dirname, 'node-root.ts')))
    .digest('hex')
    .slice(0, 12);
}

async function removeOld(cache: string, kept: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith('root-') && name !== kept);
  for (const path of names.map((name) => join(cache, name))) {
    if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { recursive: true });
  }
}

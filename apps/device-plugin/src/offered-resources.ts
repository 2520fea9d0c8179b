import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, type Kernel } from '@sriov/host';

/**
 * Folder in that of the hand-over with an empty file for each resource that a process of the plugin has told the kubelet
 * of since the node was booted. Two processes and those after them share it, and each needs to know its resources from
 * those of other plugins with the same prefix. Nobody can find half of an empty file.
 */
const FOLDER = 'offered';

/** The resources that have a file; none where there is no folder. @throws {KernelError} when it cannot be read */
export async function readOffered(kernel: Pick<Kernel, 'list'>, handoverFolder: string): Promise<ReadonlySet<string>> {
  try {
    return new Set((await kernel.list(join(handoverFolder, FOLDER))).map(resourceOf));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return new Set();
    throw error;
  }
}

/** A name that is none of ours is that of no resource. */
function resourceOf(fileName: string): string {
  try {
    return decodeURIComponent(fileName);
  } catch {
    return fileName;
  }
}

/** Makes the files of these resources. @throws {Error} by the disk */
export async function recordOffered(handoverFolder: string, resources: readonly string[]): Promise<void> {
  const folder = join(handoverFolder, FOLDER);
  await mkdir(folder, { recursive: true });
  await Promise.all(resources.map((name) => writeFile(join(folder, encodeURIComponent(name)), '')));
}

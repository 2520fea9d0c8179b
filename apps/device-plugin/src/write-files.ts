import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type HostFile } from '@sriov/device-pool';

/** Everybody may read the files, and nobody may change them. */
const MODE = { file: 0o444, folder: 0o755 };

/** Writes the files, each as a whole: who reads one meanwhile sees the old or the new one. @throws {Error} by the disk */
export async function writeFiles(files: readonly HostFile[]): Promise<void> {
  for (const { path, content } of files) {
    await mkdir(dirname(path), { recursive: true, mode: MODE.folder });
    const draft = `${path}.new-${process.pid}`;
    // A process that was killed has left it: in a container, each process is number 1. Nobody may write to it, this one
    // neither, as it has no capabilities.
    await rm(draft, { force: true });
    try {
      await writeFile(draft, content, { mode: MODE.file });
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

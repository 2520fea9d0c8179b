import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpioEntry, packCpio } from './cpio.ts';

/** Packs a folder as an initramfs; not compressed, because an emulated machine unpacks that slower than it reads. */
export async function packFolder(folder: string): Promise<Buffer> {
  return packCpio(await listEntries(folder, ''));
}

async function listEntries(root: string, folder: string): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const name of (await readdir(join(root, folder))).sort()) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const { mode, isLink, isFolder } = await kindOf(join(root, path));
    if (isLink) {
      entries.push({ kind: 'link', path, target: await readlink(join(root, path)) });
    } else if (isFolder) {
      entries.push({ kind: 'folder', path }, ...(await listEntries(root, path)));
    } else {
      const content = await readFile(join(root, path));
      entries.push({ kind: 'file', path, content, executable: (mode & 0o100) !== 0 });
    }
  }
  return entries;
}

async function kindOf(path: string): Promise<{ mode: number; isLink: boolean; isFolder: boolean }> {
  const stats = await lstat(path);
  return { mode: stats.mode, isLink: stats.isSymbolicLink(), isFolder: stats.isDirectory() };
}

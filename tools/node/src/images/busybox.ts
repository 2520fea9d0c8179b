import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyBusybox, type GuestTools } from '@sriov/vm';

/** Folders that nothing is in: mount points of pods, so that containerd need not make them. */
const FOLDERS = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'var'];

/** Lays out a root file system with busybox alone, which needs no library. */
export async function layOutBusybox(root: string, tools: GuestTools): Promise<void> {
  for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true });
  await copyBusybox(root, tools, []);
}

import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '@sriov/control-plane';

/** Lays out the Node.js that runs this, with its libraries and their loader, for the guest to run as well. */
export async function layOutNode(folder: string): Promise<void> {
  await mkdir(join(folder, 'lib'));
  await copyFile(process.execPath, join(folder, 'node'));
  const lines = await runCommand('ldd', [process.execPath]);
  for (const [path] of lines.matchAll(/\/\S+/g)) await copyFile(path, join(folder, 'lib', basename(path)));
}

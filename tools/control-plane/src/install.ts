import { chmod, copyFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries } from './source.ts';
import { type Program } from './versions.ts';

/** Copies programs into a folder so that each is there whole or not at all, and returns their new paths. */
export async function installPrograms(from: Binaries, folder: string): Promise<Binaries> {
  await mkdir(folder, { recursive: true });
  const installed: Binaries = {};
  for (const [program, path] of Object.entries(from) as [Program, string][]) {
    const target = join(folder, program);
    const temporary = `${target}.${process.pid}`;
    await copyFile(path, temporary);
    await chmod(temporary, 0o755);
    await rename(temporary, target);
    installed[program] = target;
  }
  return installed;
}

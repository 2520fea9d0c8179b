import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * One folder of the cache, made by `build` when it is not there. It gets its name last, so that a folder that stands
 * is complete whatever happened to the run that made it.
 */
export async function stage(cache: string, name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const unfinished = join(cache, `.unfinished-${name}`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await build(unfinished);
  await rename(unfinished, folder);
  return folder;
}

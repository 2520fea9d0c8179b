import { chmod, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Moves programs into a folder of the same file system, so that each stands there whole or not at all: a reader never
 * meets half a program, and neither does the next run after a crash.
 */
export async function installPrograms(from: Readonly<Record<string, string>>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [program, path] of Object.entries(from)) {
    await chmod(path, 0o755);
    await rename(path, join(folder, program));
  }
}

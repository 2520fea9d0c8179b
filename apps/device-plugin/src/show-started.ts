import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A startup probe reads `/proc/1/cwd/` and this. */
export const STARTED_FILE = 'started';

/**
 * Shows a startup probe that this process has started: it works from now on in a folder that has the file. A file alone
 * would not do. It outlives the container, and the probe would take it for that of the process which is just starting
 * again. The other pod of a rollout listens on the same port, so that the probe cannot ask over the network either.
 */
export async function showStarted(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, STARTED_FILE), '');
  process.chdir(folder);
}

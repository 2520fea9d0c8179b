import { watch } from 'node:fs';
import { basename } from 'node:path';

/**
 * Calls `tell` when something in a folder comes, goes or changes, until the signal aborts. Resolves on abort.
 * @throws Error when the folder is not there, or goes
 */
export function watchFolder(folder: string, tell: () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const watcher = watch(folder, { signal, persistent: false }, (kind, name) => {
      tell();
      // The folder itself was renamed or removed: what is watched is no longer what has its name.
      if (kind === 'rename' && name === basename(folder)) watcher.close();
    });
    watcher.once('error', reject);
    watcher.once('close', () => (signal.aborted ? resolve() : reject(new Error(`${folder} is no longer there`))));
  });
}

import { existsSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { hasCode } from '@sriov/errors';

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

/**
 * As {@link watchFolder}, for a folder that may not be there yet: it is waited for in the folder above it.
 * @throws Error when the folder above is not there, or the folder goes
 */
export async function watchFolderToCome(folder: string, tell: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await watchFolder(folder, tell, signal);
      return;
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
    await untilThere(folder, signal);
    tell();
  }
}

/**
 * As {@link watchFolderToCome}, where none of the folders above need be there yet.
 * @throws Error when the folder, or one in which it is waited for, goes
 */
export async function watchPathToCome(folder: string, tell: () => void, signal: AbortSignal): Promise<void> {
  const above = dirname(folder);
  if (!existsSync(above)) {
    await untilPathThere(above, signal);
    // The folder may have come with it.
    tell();
  }
  await watchFolderToCome(folder, tell, signal);
}

async function untilPathThere(folder: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || existsSync(folder)) return;
  await untilPathThere(dirname(folder), signal);
  await untilThere(folder, signal);
}

/** Resolves when the folder is there, or the signal aborts. */
async function untilThere(folder: string, signal: AbortSignal): Promise<void> {
  const found = new AbortController();
  const look = (): void => {
    if (existsSync(folder)) found.abort();
  };
  const watching = watchFolder(dirname(folder), look, AbortSignal.any([signal, found.signal]));
  // It may have come before anybody watched.
  look();
  await watching;
}

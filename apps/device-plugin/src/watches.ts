import { watch } from 'node:fs';
import { basename } from 'node:path';
import { hostEvents, type Kernel } from '@sriov/host';
import { type EventSource } from '@sriov/runtime';

/** Everything that tells the plugin of changes: the events of the host, and folders in which files come and go. */
export function eventSources(kernel: Pick<Kernel, 'watch'>, folders: readonly string[]): EventSource[] {
  return [
    ...hostEvents(kernel),
    ...[...new Set(folders)].map((folder) => ({
      what: `the folder ${folder}`,
      open: (tell: () => void, signal: AbortSignal) => watchFolder(folder, tell, signal),
    })),
  ];
}

/** Resolves on abort. @throws when the folder is not there, or goes */
function watchFolder(folder: string, tell: () => void, signal: AbortSignal): Promise<void> {
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

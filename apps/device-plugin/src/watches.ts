import { hostEvents, type Kernel, watchFolder } from '@sriov/host';
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

import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Kernel } from '@sriov/host';
import { type Clock, type Logger } from '@sriov/runtime';

/** What wakes the plugin. */
export interface WatchPorts {
  readonly kernel: Pick<Kernel, 'watch'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly auditMs: number;
  /** Folders in which files come and go: those of the configuration, the hand-over file and the kubelet's socket. */
  readonly folders: readonly string[];
}

/** Events come in bursts: a look that begins so much later sees them all. */
const BURST_MS = 50;
const REOPEN_MS = 5_000;

/** Calls `wake` after changes, and by the clock in case nothing told of one, until the signal aborts. */
export async function watchAll(ports: WatchPorts, wake: () => void, signal: AbortSignal): Promise<void> {
  const { clock, kernel, auditMs } = ports;
  let isWaiting = false;
  const soon = (): void => {
    if (isWaiting) return;
    isWaiting = true;
    void clock.sleep(BURST_MS, signal).then(() => {
      isWaiting = false;
      wake();
    });
  };
  const audit = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(auditMs, signal);
      wake();
    }
  };
  const sources: readonly Source[] = [
    ...(['link', 'device'] as const).map((source) => ({
      what: `the ${source} events of the host`,
      open: () => kernel.watch(source, soon, signal),
    })),
    ...ports.folders.map((folder) => ({
      what: `the folder ${folder}`,
      open: () => watchFolder(folder, soon, signal),
    })),
  ];
  await Promise.all([audit(), ...sources.map((source) => keepOpen(ports, source, soon, signal))]);
}

/** The folders of the files. A ConfigMap exchanges its files by a link beside them. */
export function foldersOf(...files: readonly string[]): string[] {
  return [...new Set(files.map((file) => dirname(file)))];
}

interface Source {
  readonly what: string;
  /** Resolves when the signal aborts. @throws when the source ends */
  readonly open: () => Promise<void>;
}

/** Opens a source again when it ends. Without it, the audit still finds every change, but later. */
async function keepOpen(
  { clock, log }: WatchPorts,
  { what, open }: Source,
  wake: () => void,
  signal: AbortSignal,
): Promise<void> {
  let isMissed = false;
  while (!signal.aborted) {
    try {
      await open();
      isMissed = false;
    } catch (err) {
      if (!isMissed) log.warn({ err }, `cannot follow ${what}: changes are found later`);
      isMissed = true;
      await clock.sleep(REOPEN_MS, signal);
      // Nobody knows what it would have told since.
      wake();
    }
  }
}

/** Resolves on abort. @throws when the folder is not there, or goes */
function watchFolder(folder: string, onEvent: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(folder, { signal, persistent: false }, (kind, name) => {
      onEvent();
      // The folder itself was renamed or removed: what is watched is no longer what has its name.
      if (kind === 'rename' && name === basename(folder)) watcher.close();
    });
    watcher.once('error', reject);
    watcher.once('close', () => (signal.aborted ? resolve() : reject(new Error(`${folder} is no longer there`))));
  });
}

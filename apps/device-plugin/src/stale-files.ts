import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceOfCdiFile, deviceOfInfoFile, type PoolFacts } from '@sriov/device-pool';
import { type Clock } from '@sriov/runtime';
import { identityOf } from './kubelet/serve-socket.ts';

/** Folders with files about devices. */
export interface FileFolders {
  readonly deviceInfo: string;
  readonly cdi: string;
}

/**
 * A file of a device that no pod has goes after so long. Another process may just have written it for a pod that the
 * kubelet does not tell of yet.
 */
const STALE_MS = 60_000;

interface Sighting {
  readonly identity: string;
  readonly sinceMs: number;
}

/** Removes files that were written for pods which have ended. */
export class StaleFiles {
  readonly #folders: FileFolders;
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** Since when no pod has the device of a file, by the path of the file. */
  #sightings = new Map<string, Sighting>();

  constructor(folders: FileFolders, clock: Pick<Clock, 'elapsed'>) {
    this.#folders = folders;
    this.#clock = clock;
  }

  /** Removes what is no longer needed by anybody. Nothing while it is not known what pods have. @throws {Error} by the disk */
  async remove({
    allocated,
    starting,
    prefixes,
  }: Pick<PoolFacts, 'allocated' | 'starting' | 'prefixes'>): Promise<void> {
    const before = this.#sightings;
    this.#sightings = new Map();
    if (allocated === undefined) return;
    for (const { path, id } of await this.#ownFiles(prefixes)) {
      if (allocated.has(id) || starting.has(id)) continue;
      const identity = await identityOf(path);
      const known = before.get(path);
      const sighting = known?.identity === identity ? known : { identity, sinceMs: this.#clock.elapsed() };
      if (this.#clock.elapsed() - sighting.sinceMs < STALE_MS) this.#sightings.set(path, sighting);
      else await rm(path, { force: true });
    }
  }

  async #ownFiles(prefixes: readonly string[]): Promise<{ readonly path: string; readonly id: string }[]> {
    const { deviceInfo, cdi } = this.#folders;
    const [infos, specs] = await Promise.all([namesIn(deviceInfo), namesIn(cdi)]);
    return [
      ...infos.map((name) => ({ path: join(deviceInfo, name), id: deviceOfInfoFile(name, prefixes) })),
      ...specs.map((name) => ({ path: join(cdi, name), id: deviceOfCdiFile(name) })),
    ].flatMap(({ path, id }) => (id === undefined ? [] : [{ path, id }]));
  }
}

/** None of a folder that is not there: nothing was written to it. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((): string[] => []);
}

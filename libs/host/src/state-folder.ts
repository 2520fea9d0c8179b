import { constants } from 'node:fs';
import { access, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode, messageOf } from '@sriov/errors';
import { NotObservedError } from './kernel/host-error.ts';
import { type HostEvents } from './kernel/host-events.ts';
import { watchPathToCome } from './kernel/watch-folder.ts';

/** A folder on the host whose files survive the daemon and, where the folder does, reboots. */
export class StateFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Content of a file; nothing when it does not exist. @throws {Error} also for a file that is no file, or too large */
  async read(name: string): Promise<string | undefined> {
    const path = join(this.path, name);
    try {
      const found = await stat(path);
      if (!found.isFile()) throw new NotObservedError(`${path} is not a file`);
      if (found.size > MAX_BYTES)
        throw new NotObservedError(`${path} has ${found.size} bytes, and at most ${MAX_BYTES} are read`);
      return await readFile(path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Names in a subfolder, sorted; none when it does not exist. Unfinished writes of a crash are left out. */
  async list(folder: string): Promise<string[]> {
    try {
      const names = await readdir(join(this.path, folder));
      return names.filter((name) => !name.endsWith(UNFINISHED)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** Whether the owner of a file may run it. @throws {Error} when there is no such file */
  async isExecutable(name: string): Promise<boolean> {
    return ((await stat(join(this.path, name))).mode & constants.S_IXUSR) !== 0;
  }

  /** Why nothing can be written in a subfolder, which need not exist yet: an error code, such as `EROFS`. */
  async findRefusal(folder: string): Promise<string | undefined> {
    for (let path = join(this.path, folder); ; path = dirname(path)) {
      try {
        await access(path, constants.W_OK);
        return undefined;
      } catch (error) {
        if (!isMissing(error)) return REFUSALS.find((code) => hasCode(error, code)) ?? messageOf(error);
      }
    }
  }

  /**
   * Writes a file so that after a crash it has the old content or the new one, never half of it.
   * @param mode permission bits, whatever the umask of the process
   */
  async write(name: string, content: string, mode = 0o600): Promise<void> {
    const path = join(this.path, name);
    const temporary = `${path}${UNFINISHED}`;
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'w', mode);
    try {
      // The umask takes bits away, and a file that a crash has left has bits of its own.
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  }

  /** Changes of the files in a subfolder, which need not exist yet; neither need this folder. */
  eventsOf(folder: string): HostEvents {
    const path = join(this.path, folder);
    return { what: `the files in ${path}`, open: (tell, signal) => watchPathToCome(path, tell, signal) };
  }

  /** Removes a file; nothing to do when it does not exist. */
  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { force: true });
  }
}

const UNFINISHED = '.unfinished';

/** Why a folder cannot be written: its file system is read-only, or somebody else may write it. */
const REFUSALS = ['EROFS', 'EACCES', 'EPERM'];

/** Far more than any file of ours has. People may put a file here as well, and what they put must not fill the memory. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Makes the rename itself durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT');
}

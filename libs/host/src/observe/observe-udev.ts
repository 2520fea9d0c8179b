import { type ObservedUdev, type UdevFile } from '@sriov/observed-host';
import { faultOfHost } from '../kernel/host-error.ts';
import { type Kernel, KernelBlockedError } from '../kernel/kernel.ts';
import { listNames } from '../kernel/sysfs.ts';

/** The folder of udev's own files on a host. */
export const UDEV_FOLDER = '/etc/udev';

/** The folder of rules, from {@link UDEV_FOLDER}. */
const RULES = 'rules.d';

/** The files of `/etc/udev`; `StateFolder` is one such folder. Paths are from there. */
export interface UdevFolder {
  read(path: string): Promise<string | undefined>;
  list(folder: string): Promise<string[]>;
  isExecutable(path: string): Promise<boolean>;
  findRefusal(folder: string): Promise<string | undefined>;
  write(path: string, content: string, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
}

/** What of udev is looked at. */
export interface UdevScope {
  readonly folder: UdevFolder;
  /** Whether a file is one of ours, by its path. */
  readonly isOurs: (path: string) => boolean;
}

/** udevd has its sockets here; the names are those of its versions. */
const SOCKETS = { folder: '/run/udev', names: ['control', 'io.systemd.Udev'] };

/**
 * Looks at udev: whether it runs, and at our files, those in the folder of rules after one listing of it. A folder that
 * cannot be read hides nothing but itself.
 */
export async function observeUdev(kernel: Kernel, { folder, isOurs }: UdevScope): Promise<ObservedUdev> {
  try {
    const isRunning = (await listNames(kernel, SOCKETS.folder)).some((name) => SOCKETS.names.includes(name));
    const listed = [...(await folder.list('')), ...(await folder.list(RULES)).map((name) => `${RULES}/${name}`)];
    const files = await Promise.all(listed.filter(isOurs).map((path) => readFileOf(folder, path)));
    const code = await folder.findRefusal(RULES);
    return {
      isRunning,
      files: new Map(files.flat()),
      ...(code !== undefined && { refusal: `${UDEV_FOLDER}/${RULES} cannot be written (${code})` }),
    };
  } catch (error) {
    if (error instanceof KernelBlockedError) throw error;
    const refusal = `${UDEV_FOLDER} cannot be looked at (${faultOfHost(error)})`;
    return { isRunning: false, files: new Map(), isUnseen: true, refusal };
  }
}

/** The file, unless it has gone since it was listed. */
async function readFileOf(folder: UdevFolder, path: string): Promise<[string, UdevFile][]> {
  const content = await folder.read(path);
  return content === undefined ? [] : [[path, { content, isExecutable: await folder.isExecutable(path) }]];
}

import { run } from '../kernel/commands.ts';
import { NotObservedError } from '../kernel/host-error.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';
import { listNames, readAttribute } from '../kernel/sysfs.ts';

/** Where Nova's config drive is. */
export interface ConfigDrive {
  /** Its block device, such as `/dev/sr0`. */
  readonly device: string;
  /** Where the host has it mounted; absent where it has not. */
  readonly mountPoint?: string;
}

/** Labels of a config drive: one with the file system vfat has it in upper case. */
const LABELS = ['config-2', 'CONFIG-2'];

/** Most bytes that are taken of one file. */
export const MOST_BYTES = 1_048_576;

/** Mounting wakes a device that may be slow, and is not to hold up a look at the host. */
const READ_MS = 5_000;

/**
 * Finds the config drive by its label, which udev has read: `/dev/disk/by-label` is made from the same database.
 * @throws {KernelError} when the block devices cannot be listed
 */
export async function findConfigDrive(kernel: Kernel): Promise<ConfigDrive | undefined> {
  for (const name of await listNames(kernel, '/sys/class/block')) {
    const number = await readAttribute(kernel, `/sys/class/block/${name}/dev`);
    const properties = number && (await readAttribute(kernel, `/run/udev/data/b${number}`));
    const label = properties && /^E:ID_FS_LABEL=(.*)$/m.exec(properties)?.[1];
    if (label === undefined || !LABELS.includes(label)) continue;
    const device = `/dev/${name}`;
    const mountPoint = await findMountPoint(kernel, device);
    return { device, ...(mountPoint !== undefined && { mountPoint }) };
  }
  return undefined;
}

/** In the mount namespace of the host's first process; proc(5) describes the lines. */
async function findMountPoint(kernel: Kernel, device: string): Promise<string | undefined> {
  const text = (await readAttribute(kernel, '/proc/1/mountinfo')) ?? '';
  for (const line of text.split('\n')) {
    const [place = '', source = ''] = line.split(' - ');
    if (source.split(' ')[1] === device) return place.split(' ')[4]?.replace(/\\(\d{3})/g, decodeOctal);
  }
  return undefined;
}

const decodeOctal = (_: string, digits: string): string => String.fromCharCode(parseInt(digits, 8));

/**
 * Mounts the device read-only in a mount namespace that ends with the command, so that nothing stays mounted whoever
 * dies, and nobody else ever sees the mount. `/mnt` is covered in that namespace alone.
 */
const READ_FILE = `mount -n -o ro,nosuid,nodev,noexec "$1" /mnt && exec head -c ${MOST_BYTES + 1} "/mnt/$2"`;

/**
 * Reads a file of the config drive: where the host has it mounted, or by the host's own `unshare`, `mount` and `head`.
 * @throws {KernelError} {@link CommandError} when it cannot be read; {@link NotObservedError} when it is larger than {@link MOST_BYTES}
 */
export async function readConfigDrive(kernel: Kernel, drive: ConfigDrive, path: string): Promise<string> {
  const text = await readWhole(kernel, drive, path);
  if (Buffer.byteLength(text) > MOST_BYTES) throw new NotObservedError(`${path} is larger than ${MOST_BYTES} bytes`);
  return text;
}

async function readWhole(kernel: Kernel, { device, mountPoint }: ConfigDrive, path: string): Promise<string> {
  if (mountPoint !== undefined) {
    try {
      return await kernel.read(`${mountPoint}/${path}`, { deadlineMs: READ_MS });
    } catch (error) {
      // What the host mounted after this container started may not be seen here.
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
  const line = ['unshare', '--mount', 'sh', '-c', READ_FILE, 'sh', device, path];
  return run(kernel, line, { onHost: true, deadlineMs: READ_MS });
}

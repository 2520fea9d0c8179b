import { faultOfHost, unlessFault } from '../kernel/host-error.ts';
import { isErrno, type Kernel, KernelError } from '../kernel/kernel.ts';

/** A program that has a device file open. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
}

/** Who has device files open. */
export interface Holders {
  /** By the name of the file, as {@link deviceFilesOf} of a device tells it. */
  readonly byFile: ReadonlyMap<string, Holder>;
  /** Why there may be more. */
  readonly unknown?: string;
}

/**
 * Looks through the open files of all processes for those of VFs. That takes a moment where there are many, so it is
 * done only when VFs are about to be disturbed. A process that cannot be looked into may have anything open.
 */
export async function findHolders(kernel: Kernel): Promise<Holders> {
  const byFile = new Map<string, Holder>();
  const unread: string[] = [];
  const processes = await listProcesses(kernel);
  if (typeof processes === 'string') return { byFile, unknown: processes };
  for (const pid of processes) {
    const files = await openDeviceFiles(kernel, pid);
    if (typeof files === 'string') unread.push(`process ${pid}: ${files}`);
    else if (files.length > 0) {
      const holder = { pid: Number(pid), command: await readCommand(kernel, pid) };
      for (const file of files) byFile.set(file, holder);
    }
  }
  const [first, ...others] = unread;
  if (first === undefined) return { byFile };
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return { byFile, unknown: `the open files of processes cannot be read (${first}${more})` };
}

/** All processes of the host, or why they cannot be known. */
async function listProcesses(kernel: Kernel): Promise<string[] | string> {
  try {
    const processes = (await kernel.list('/proc')).filter((name) => /^\d+$/.test(name));
    const self = await unlessFault(kernel.readlink('/proc/self'), '');
    // In a PID namespace of its own the daemon is process 1, and sees no other.
    if (self === '1') return 'the processes of the host cannot be seen: the daemon needs hostPID';
    return processes.length > 0 ? processes : '/proc lists no process';
  } catch (error) {
    return `the processes of the host cannot be listed (${codeOf(error)})`;
  }
}

/**
 * `/dev/vfio/21`, `/dev/vfio/noiommu-21`, `/dev/vfio/devices/vfio3`, `/dev/vhost-vdpa-0`, `/dev/infiniband/uverbs2`,
 * `/dev/uio3`; a container may be without the node by now.
 */
const DEVICE_FILE =
  /^\/dev\/(?:vfio\/(?:noiommu-)?(\d+)|vfio\/devices\/(vfio\d+)|(vhost-vdpa-\d+)|infiniband\/((?:uverbs|umad|issm)\d+)|(uio\d+))(?: \(deleted\))?$/;

/** Names of the device files that the process has open, or why they cannot be known. */
async function openDeviceFiles(kernel: Kernel, pid: string): Promise<string[] | string> {
  try {
    const folder = `/proc/${pid}/fd`;
    const files = await unlessGone(kernel.list(folder), []);
    const targets = await Promise.all(files.map((fd) => unlessGone(kernel.readlink(`${folder}/${fd}`), '')));
    return targets.flatMap((target) => {
      // One group of the expression matched: the others are undefined.
      const names: readonly (string | undefined)[] = DEVICE_FILE.exec(target)?.slice(1) ?? [];
      return names.find((name) => name !== undefined) ?? [];
    });
  } catch (error) {
    return codeOf(error);
  }
}

/** The name is only for people. */
async function readCommand(kernel: Kernel, pid: string): Promise<string> {
  return (await unlessFault(kernel.read(`/proc/${pid}/comm`), '')).trim();
}

/** Processes end, and close files, while we look. */
async function unlessGone<T>(call: Promise<T>, instead: T): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return instead;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof KernelError ? error.code : faultOfHost(error);
}

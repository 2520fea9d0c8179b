import { type Kernel } from './kernel.ts';
import { isErrno } from './kernel.ts';
import { listNames } from './sysfs.ts';

/**
 * Who has VFIO groups open: by group number, such as "process 4711 (qemu-kvm)". Looks through the open files of all
 * processes, so it is asked for only when a VF that is bound to vfio-pci is about to be disturbed.
 */
export async function findVfioHolders(kernel: Kernel): Promise<Map<number, string>> {
  const holders = new Map<number, string>();
  const processes = (await listNames(kernel, '/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    for (const group of await openGroups(kernel, pid)) {
      const command = (await readQuietly(kernel, `/proc/${pid}/comm`)).trim();
      holders.set(group, `process ${pid}${command === '' ? '' : ` (${command})`}`);
    }
  }
  return holders;
}

async function openGroups(kernel: Kernel, pid: string): Promise<number[]> {
  const files = await listNames(kernel, `/proc/${pid}/fd`).catch(ignoreGone<string[]>([]));
  const targets = await Promise.all(
    files.map((fd) => kernel.readlink(`/proc/${pid}/fd/${fd}`).catch(ignoreGone<string>(''))),
  );
  return targets.flatMap((target) => /^\/dev\/vfio\/(\d+)$/.exec(target)?.[1] ?? []).map(Number);
}

function readQuietly(kernel: Kernel, path: string): Promise<string> {
  return kernel.read(path).catch(ignoreGone<string>(''));
}

/** Processes end, and some are not ours to look into, while we look. */
function ignoreGone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL')) return instead;
    throw error;
  };
}

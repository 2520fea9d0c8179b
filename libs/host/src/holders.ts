import { type Kernel } from './kernel.ts';
import { isErrno } from './kernel.ts';
import { listNames } from './sysfs.ts';

/**
 * Who has VFIO devices open, such as "process 4711 (qemu-kvm)": by the number of their IOMMU group as text, or by the
 * device's own name, `vfio3`, where it was opened through iommufd. Looks through the open files of all processes, so it
 * is asked for only when a VF that is bound to vfio-pci is about to be disturbed.
 */
export async function findVfioHolders(kernel: Kernel): Promise<Map<string, string>> {
  const holders = new Map<string, string>();
  const processes = (await listNames(kernel, '/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    for (const name of await openDevices(kernel, pid)) {
      const command = (await readQuietly(kernel, `/proc/${pid}/comm`)).trim();
      holders.set(name, `process ${pid}${command === '' ? '' : ` (${command})`}`);
    }
  }
  return holders;
}

/** `/dev/vfio/21`, `/dev/vfio/noiommu-21` and `/dev/vfio/devices/vfio3`; a container may be without the node by now. */
const VFIO_FILE = /^\/dev\/vfio\/(?:(?:noiommu-)?(\d+)|devices\/(vfio\d+))(?: \(deleted\))?$/;

async function openDevices(kernel: Kernel, pid: string): Promise<string[]> {
  const files = await listNames(kernel, `/proc/${pid}/fd`).catch(ignoreGone<string[]>([]));
  const targets = await Promise.all(
    files.map((fd) => kernel.readlink(`/proc/${pid}/fd/${fd}`).catch(ignoreGone<string>(''))),
  );
  return targets.flatMap((target) => {
    const [, group, device] = VFIO_FILE.exec(target) ?? [];
    return group ?? device ?? [];
  });
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

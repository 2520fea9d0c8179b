import { run } from '../kernel/commands.ts';
import { isErrno, type Kernel } from '../kernel/kernel.ts';

/** Files in a folder of the host with units of systemd, by their path from it. */
export interface UnitFolder {
  read(path: string): Promise<string | undefined>;
  list(folder: string): Promise<string[]>;
  /** Why nothing can be written in a subfolder, which need not exist yet: an error code, such as `EROFS`. */
  findRefusal(folder: string): Promise<string | undefined>;
  write(path: string, content: string, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Whether systemd runs the host, as sd_booted(3) finds out. @throws {KernelError} */
export async function isRunBySystemd(kernel: Kernel): Promise<boolean> {
  try {
    await kernel.list('/run/systemd/system');
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Makes systemd read the files of its units again. @throws {CommandError} {@link KernelError} */
export async function reloadUnits(kernel: Kernel): Promise<void> {
  await run(kernel, ['systemctl', 'daemon-reload'], { onHost: true });
}

/** Has systemd start units at each boot, and not now. @throws {CommandError} {@link KernelError} */
export async function enableUnits(kernel: Kernel, names: readonly string[]): Promise<void> {
  await run(kernel, ['systemctl', 'enable', ...names], { onHost: true });
}

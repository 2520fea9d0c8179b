import { chmod, copyFile, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type GuestTools } from './guest-tools.ts';

/** Copies busybox into /bin of a root file system, with links for its commands. @param except commands without one */
export async function copyBusybox(root: string, tools: GuestTools, except: readonly string[]): Promise<void> {
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile(tools.find('busybox'), join(root, 'bin/busybox'));
  const applets = (await tools.run('busybox', ['--list'])).split('\n').filter(Boolean);
  for (const applet of applets.filter((name) => name !== 'busybox' && !except.includes(name))) {
    await symlink('busybox', join(root, 'bin', applet));
  }
}

/** Which program is copied: its path on this machine, and that in the root file system. */
interface ProgramCopy {
  readonly from: string;
  readonly to: string;
}

/** Copies a program into a root file system, with the shared libraries that it needs and their loader. */
export async function copyProgram(root: string, tools: GuestTools, { from, to }: ProgramCopy): Promise<void> {
  const files = await tools.librariesOf(from);
  for (const [inRoot, here] of files.set(to, from)) {
    await mkdir(dirname(join(root, inRoot)), { recursive: true });
    await copyFile(here, join(root, inRoot));
    await chmod(join(root, inRoot), 0o755);
  }
}

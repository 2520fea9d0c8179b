import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { copyBusybox, copyProgram } from './copy-programs.ts';
import { type GuestTools } from './guest-tools.ts';
import { withDependencies } from './modules.ts';

const FOLDERS = ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'lib', 'lib64', 'etc', 'proc', 'sys', 'dev', 'tmp', 'run'];
/** Mount points of the two folders that the guest shares with this machine. */
const SHARES = ['host', 'opt'];
const PROGRAMS = ['ip', 'devlink', 'bridge', 'vdpa', 'rdma', 'ethtool', 'kmod', 'perl', 'udevadm'];
const KMOD_NAMES = ['modprobe', 'insmod', 'rmmod', 'lsmod', 'modinfo', 'depmod'];
/** busybox has its own of these, which know no VFs and no module options. */
const NOT_FROM_BUSYBOX = [...PROGRAMS, ...KMOD_NAMES, 'sh', 'tc'];

/** What a guest is made of. */
export interface GuestParts {
  readonly tools: GuestTools;
  /** Release of the kernel, as `uname -r` prints it. */
  readonly kernelRelease: string;
  /** Unpacked kernel package. */
  readonly kernelFolder: string;
  /** Names of the modules that the guest can load, beside what they depend on. */
  readonly modules: readonly string[];
}

/** The guest's first program. */
export const INIT_SCRIPT = join(import.meta.dirname, '../../files/init.sh');

/** Lays out the root file system of the guest in a folder: a few tools, the modules, no distribution. */
export async function layOutGuestRoot(root: string, parts: GuestParts): Promise<void> {
  for (const folder of [...FOLDERS, ...SHARES]) await mkdir(join(root, folder), { recursive: true });
  const { tools } = parts;
  await copyBusybox(root, tools, NOT_FROM_BUSYBOX);
  for (const name of PROGRAMS) await copyProgram(root, tools, { from: tools.find(name), to: `/bin/${name}` });
  await copyProgram(root, tools, { from: tools.find('dash'), to: '/bin/sh' });
  for (const name of KMOD_NAMES) await symlink('../bin/kmod', join(root, 'sbin', name));
  await copyModules(root, parts);
  await copyFile(INIT_SCRIPT, join(root, 'init'));
  await chmod(join(root, 'init'), 0o755);
}

/** Copies modules into a root file system, uncompressed, with the lists that modprobe reads. */
export async function copyModules(root: string, parts: GuestParts): Promise<void> {
  const { tools, kernelFolder, kernelRelease, modules } = parts;
  const from = join(kernelFolder, 'lib/modules', kernelRelease);
  const to = join(root, 'lib/modules', kernelRelease);
  const paths = withDependencies(await readFile(join(from, 'modules.dep'), 'utf8'), modules);
  for (const path of [...paths, 'modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, path), join(to, path));
  }
  const compressed = paths.filter((path) => path.endsWith('.xz')).map((path) => join(to, path));
  if (compressed.length > 0) await tools.run('xz', ['--decompress', ...compressed]);
  await tools.run('kmod', ['-b', root, kernelRelease], 'depmod');
  // The list of all other modules is of no use without them.
  await writeFile(join(to, 'modules.order'), '');
}

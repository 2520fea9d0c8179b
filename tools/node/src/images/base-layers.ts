import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyBusybox, copyProgram, type GuestTools } from '@sriov/vm';

/** Commands that the services run in their own container; those that change modules are run on the host. */
const PROGRAMS = ['ip', 'devlink', 'vdpa', 'rdma', 'bridge', 'udevadm'];
/** Folders that nothing is in: mount points of pods, so that containerd need not make them. */
const FOLDERS = ['dev', 'etc', 'host', 'proc', 'run', 'sys', 'tmp', 'var'];

/** Lays out a root file system with busybox alone, which needs no library. */
export async function layOutBusybox(root: string, tools: GuestTools): Promise<void> {
  for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true });
  await copyBusybox(root, tools, []);
}

/** Lays out what the services need above busybox: the Node.js that runs this, and the commands that they run. */
export async function layOutNodeAndPrograms(root: string, tools: GuestTools): Promise<void> {
  for (const name of PROGRAMS) await copyProgram(root, tools, { from: tools.find(name), to: `/bin/${name}` });
  await copyProgram(root, tools, { from: process.execPath, to: '/usr/local/bin/node' });
}

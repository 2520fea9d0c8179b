import { chmod, copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  copyBusybox,
  copyModules,
  copyProgram,
  GUEST_MODULES,
  type GuestParts,
  layOutGuestRoot,
  packFolder,
} from '@sriov/vm';
import { type Runtime } from './runtime.ts';

const FILES = join(import.meta.dirname, '../../files');

/** Modules beyond those of other guests: for containers, for the network of pods. */
const NODE_MODULES = ['overlay', 'veth', 'nf_tables', 'nft_chain_nat', 'nft_nat', 'nft_masq'];
/** Modules that lead to the first disk. */
const DISK_MODULES = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'];
const FOLDERS = ['root', 'var/lib/containerd', 'var/lib/kubelet', 'var/log', 'usr/libexec/cni'];

/** What the root of a node is made of. */
export interface NodeParts extends Omit<GuestParts, 'modules'> {
  readonly runtime: Runtime;
  readonly kubelet: string;
}

/** Lays out the root file system of a node, for its first disk. */
export async function layOutNodeRoot(root: string, { runtime, kubelet, ...parts }: NodeParts): Promise<void> {
  await layOutGuestRoot(root, { ...parts, modules: [...GUEST_MODULES, ...NODE_MODULES] });
  for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true });
  await copyProgram(root, parts.tools, { from: parts.tools.find('nft'), to: '/sbin/nft' });
  await cp(runtime.bin, join(root, 'usr/bin'), { recursive: true });
  await cp(runtime.cni, join(root, 'usr/libexec/cni'), { recursive: true });
  await copyFile(kubelet, join(root, 'usr/bin/kubelet'));
  await cp(join(FILES, 'root'), root, { recursive: true });
  await symlink('../run', join(root, 'var/run'));
}

/** Writes the initramfs that mounts the first disk. */
export async function writeDiskInitramfs(to: string, work: string, parts: Omit<GuestParts, 'modules'>): Promise<void> {
  for (const folder of ['dev', 'proc', 'new']) await mkdir(join(work, folder), { recursive: true });
  await copyBusybox(work, parts.tools, []);
  await copyModules(work, { ...parts, modules: DISK_MODULES });
  await copyFile(join(FILES, 'initramfs.sh'), join(work, 'init'));
  await chmod(join(work, 'init'), 0o755);
  await writeFile(to, await packFolder(work));
}

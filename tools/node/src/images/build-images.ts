import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, withLock } from '@sriov/control-plane';
import { listEntries, type WrittenFile, writeTar } from '@sriov/images';
import { bundleApp, type GuestTools, stage } from '@sriov/vm';
import { layOutBusybox, layOutNodeAndPrograms } from './base-layers.ts';
import { type Image, writeImageArchive } from './image-archive.ts';
import { getPreload } from './preload.ts';

/** Names of the images, as pods of the lane give them; no registry has them. */
export const IMAGE = {
  configDaemon: 'localhost/config-daemon:lane',
  devicePlugin: 'localhost/device-plugin:lane',
  /** A shell with busybox's commands. Without a command it sleeps until it is told to end, so it also does as pause. */
  busybox: 'localhost/busybox:lane',
} as const;

/** The app of each image that has one. */
const APPS = [
  ['config-daemon', IMAGE.configDaemon],
  ['device-plugin', IMAGE.devicePlugin],
] as const;

/** As the first process of its container, a program ends by a signal only if it handles it. */
const UNTIL_TOLD_TO_END = "trap 'exit 0' TERM INT; sleep 2000000000 & wait";

/** Other runs may still read what an older version of the apps gave. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** How images are built. */
export interface BuildOptions {
  /** Folder for what is slow to get. What nobody has used for a day is removed from it. */
  readonly cache: string;
  /** The packages of the guest: libraries and commands in the images come from them. */
  readonly tools: GuestTools;
  readonly onProgress: (line: string) => void;
}

/**
 * Builds all {@link IMAGE}s from the apps as they are now, without a container engine, and unpacks them for containerd.
 * Resolves with a folder that becomes `/var/lib/containerd` of a guest: nothing has to be imported there. It is named
 * by the content of the images, and others may read it as well: do not write to it.
 */
export async function buildImages({ cache, tools, onProgress }: BuildOptions): Promise<string> {
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it builds the same images`);
  return withLock(join(cache, '.lock'), tellWait, async () => {
    const preload = await getPreload(cache, onProgress);
    const work = await mkdtemp(join(cache, '.work-'));
    try {
      const images = await layOutImages(work, tools);
      const name = `containerd-${hashOf(preload, images)}`;
      await removeOld(cache, name);
      return await stage(cache, name, async (into) => {
        const { path } = await writeImageArchive(join(work, 'images.tar'), images);
        await runCommand(preload, [into, path]);
      });
    } finally {
      await rm(work, { recursive: true });
    }
  });
}

async function layOutImages(work: string, tools: GuestTools): Promise<Image[]> {
  const layer = async (name: string, layOut: (root: string) => Promise<void>): Promise<WrittenFile> => {
    const root = join(work, name);
    await mkdir(root);
    await layOut(root);
    return writeTar(`${root}.tar`, listEntries(root));
  };
  const busybox = await layer('busybox', (root) => layOutBusybox(root, tools));
  const node = await layer('node', (root) => layOutNodeAndPrograms(root, tools));
  const ofApp = async ([app, name]: (typeof APPS)[number]): Promise<Image> => {
    const own = await layer(app, async (root) => {
      await mkdir(join(root, 'app'));
      await bundleApp(app, join(root, 'app/main.mjs'));
    });
    return { name, layers: [busybox, node, own], entrypoint: ['/usr/local/bin/node', '/app/main.mjs'] };
  };
  return [
    { name: IMAGE.busybox, layers: [busybox], entrypoint: ['/bin/sh', '-c', UNTIL_TOLD_TO_END] },
    ...(await Promise.all(APPS.map(ofApp))),
  ];
}

function hashOf(preload: string, images: readonly Image[]): string {
  const known = images.map(({ layers, ...rest }) => ({ ...rest, layers: layers.map(({ digest }) => digest) }));
  return createHash('sha256')
    .update(JSON.stringify([preload, known]))
    .digest('hex')
    .slice(0, 16);
}

async function removeOld(cache: string, kept: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith('containerd-') && name !== kept);
  for (const path of names.map((name) => join(cache, name))) {
    if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { recursive: true });
  }
}

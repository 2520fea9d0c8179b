import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OPERATOR_VERSION } from '@sriov/api';
import { runCommand, stage, withLock } from '@sriov/control-plane';
import { buildImages, IMAGES, layOutContext, listEntries, writeTar } from '@sriov/images';
import { type GuestTools } from '@sriov/vm';
import { layOutBusybox } from './busybox.ts';
import { writeImageArchive } from './image-archive.ts';
import { getPreload } from './preload.ts';

/** What stands before the names of our images. No registry has them. */
const REGISTRY = 'localhost/sriov-operator';
/** Those that the chart deploys here. The API server cannot reach a webhook in the guest. */
const NAMES = [
  'policy-controller',
  'network-renderer',
  'drain-controller',
  'operand-controller',
  'config-daemon',
  'device-plugin',
] as const;

/** Our own image of that name, as pods and the values of the chart name it. */
export const imageOf = (name: (typeof NAMES)[number]): string => `${REGISTRY}/${name}:${OPERATOR_VERSION}`;

/** A shell with busybox's commands. Without a command it sleeps until it is told to end, so it also does as pause. */
export const BUSYBOX = 'localhost/busybox:lane';

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
 * Builds our own images from the sources as they are now, as a release has them, and {@link BUSYBOX}. Unpacks them for
 * containerd. Resolves with a folder that becomes `/var/lib/containerd` of a guest: nothing has to be imported there. It
 * is named by the content of the images, and others may read it as well: do not write to it.
 */
export async function getContainerdFolder({ cache, tools, onProgress }: BuildOptions): Promise<string> {
  await mkdir(cache, { recursive: true });
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it builds the same images`);
  return withLock(join(cache, '.lock'), tellWait, async () => {
    const preload = await getPreload(cache, onProgress);
    const work = await mkdtemp(join(cache, '.work-'));
    try {
      const archives = [await archiveBusybox(work, tools), ...(await archiveOurs(work, onProgress))];
      const name = `containerd-${hashOf([preload, ...archives.map(({ digest }) => digest)])}`;
      await removeOld(cache, name);
      return await stage(cache, name, async (into) => {
        onProgress('unpacking the images');
        await runCommand(preload, [into, ...archives.map(({ path }) => path)]);
      });
    } finally {
      await rm(work, { recursive: true });
    }
  });
}

/** An archive with images, and what tells whether they have changed. */
interface Archive {
  readonly path: string;
  readonly digest: string;
}

async function archiveBusybox(work: string, tools: GuestTools): Promise<Archive> {
  const root = join(work, 'busybox');
  await layOutBusybox(root, tools);
  const layers = [await writeTar(`${root}-layer.tar`, listEntries(root))];
  const entrypoint = ['/bin/sh', '-c', UNTIL_TOLD_TO_END];
  return writeImageArchive(`${root}.tar`, [{ name: BUSYBOX, layers, entrypoint }]);
}

async function archiveOurs(work: string, onProgress: BuildOptions['onProgress']): Promise<Archive[]> {
  const images = IMAGES.filter(({ name }) => NAMES.some((each) => each === name));
  const options = {
    architectures: ['amd64'],
    images,
    into: join(work, 'ours'),
    registry: REGISTRY,
    onProgress,
  } as const;
  const built = await buildImages(await layOutContext(join(work, 'context'), options), options);
  return built.map(({ archive, digest }) => ({ path: archive, digest }));
}

const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

async function removeOld(cache: string, kept: string): Promise<void> {
  const names = (await readdir(cache)).filter((name) => name.startsWith('containerd-') && name !== kept);
  for (const path of names.map((name) => join(cache, name))) {
    if (Date.now() - (await stat(path)).mtimeMs > KEPT_MS) await rm(path, { recursive: true });
  }
}

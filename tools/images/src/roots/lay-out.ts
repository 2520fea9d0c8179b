import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Architecture, BASE, HOST_TOOLS, NONROOT, PLUGIN_TOOLS, type RootRecipe } from '../recipe.ts';
import { getNode } from './node-binary.ts';
import { type DebianPackage, getPackages } from './packages.ts';
import { Root } from './root.ts';

/** The Debian packages of which files are in the parts. */
export interface LaidOut {
  readonly base: readonly DebianPackage[];
  readonly hostTools: readonly DebianPackage[];
  readonly pluginTools: readonly DebianPackage[];
}

/** Mount points and links that a root file system has, so that a container can run with it read-only. */
const FOLDERS = ['dev', 'etc', 'home/nonroot', 'host', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var'];
const LINKS = { bin: 'usr/bin', lib: 'usr/lib', lib64: 'usr/lib64', sbin: 'usr/sbin', 'var/run': '../run' };
const ETC = {
  passwd: `root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/home/nonroot:/sbin/nologin\n`,
  group: `root:x:0:\nnonroot:x:${NONROOT}:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
} as const;

/**
 * Lays out what the Dockerfile copies: `base` (Node.js and its libraries), and to be laid over it `host-tools` (commands
 * of the config daemon) and `plugin-tools` (of the device plugin). None has a shell or a package manager.
 */
export async function layOutRoots(into: string, { cache, architecture, onProgress }: LayOutOptions): Promise<LaidOut> {
  const packages = await getPackages(cache, architecture, onProgress);
  const node = await getNode(cache, architecture);
  const base = join(into, 'base');
  await layOutFolders(base);
  const below = await Root.create(base, packages, architecture);
  await below.add(BASE.files);
  await below.addProgram(node.program, 'usr/local/bin/node');
  await mkdir(join(base, 'usr/share/doc/nodejs'), { recursive: true });
  await copyFile(node.license, join(base, 'usr/share/doc/nodejs/copyright'));
  const layOver = async (name: string, { files }: RootRecipe): Promise<DebianPackage[]> => {
    const above = await Root.create(join(into, name), packages, architecture);
    above.layOver(below);
    await above.add(files);
    return above.record();
  };
  const hostTools = await layOver('host-tools', HOST_TOOLS);
  const pluginTools = await layOver('plugin-tools', PLUGIN_TOOLS);
  return { base: await below.record(), hostTools, pluginTools };
}

interface LayOutOptions {
  readonly cache: string;
  readonly architecture: Architecture;
  readonly onProgress: (line: string) => void;
}

async function layOutFolders(root: string): Promise<void> {
  for (const folder of [...FOLDERS, 'usr/bin', 'usr/lib', 'usr/lib64', 'usr/sbin']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const [path, target] of Object.entries(LINKS)) await symlink(target, join(root, path));
  for (const [name, text] of Object.entries(ETC)) await writeFile(join(root, 'etc', name), text);
  await chmod(join(root, 'tmp'), 0o1777);
}

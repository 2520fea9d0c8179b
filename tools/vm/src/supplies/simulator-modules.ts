import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@sriov/control-plane';

/** Unpacked packages to build modules from. */
export interface KernelSources {
  /** linux-headers, linux-headers-common and linux-kbuild. */
  readonly headersFolder: string;
  /** linux-source, which is an archive in a package. */
  readonly sourceFolder: string;
  readonly kernelRelease: string;
}

/** The modules, in the order in which they are loaded. */
export const SIMULATOR_MODULES = ['netdevsim.ko', 'vringh.ko', 'vdpa_sim.ko', 'vdpa_sim_net.ko'];

/**
 * Builds netdevsim and vdpa_sim, which no Debian kernel brings, from the source of the very kernel that runs in the
 * guest. @throws Error when the machine has no compiler
 */
export async function buildSimulatorModules(folder: string, sources: KernelSources): Promise<void> {
  const headers = await prepareHeaders(sources);
  const tree = await unpackSource(folder, sources.sourceFolder);
  const make = (modules: string, ...settings: string[]): Promise<string> =>
    runCommand('make', ['-C', headers, `M=${modules}`, '-j2', ...settings, 'modules']);
  const netdevsim = join(tree, 'drivers/net/netdevsim');
  await make(netdevsim, 'CONFIG_NETDEVSIM=m');
  const vdpaSim = await gatherVdpaSim(folder, tree);
  await make(vdpaSim, 'KCFLAGS=-DCONFIG_VHOST_RING_MODULE=1');
  for (const module of SIMULATOR_MODULES) {
    const from = join(module === 'netdevsim.ko' ? netdevsim : vdpaSim, module);
    await runCommand('strip', ['-g', '-o', join(folder, module), from]);
  }
}

/** The headers' own Makefile leads to where the packages would be if they were installed. */
async function prepareHeaders({ headersFolder, kernelRelease }: KernelSources): Promise<string> {
  const headers = join(headersFolder, 'usr/src', `linux-headers-${kernelRelease}`);
  const makefile = join(headers, 'Makefile');
  const text = await readFile(makefile, 'utf8');
  const moved = `${headersFolder}/usr/src/`;
  if (!text.includes(moved)) await writeFile(makefile, text.replaceAll('/usr/src/', moved));
  // With it the build would want type information, and for that a tool called pahole.
  await rename(join(headers, 'vmlinux'), join(headers, 'vmlinux.unused')).catch(() => undefined);
  return headers;
}

async function unpackSource(folder: string, sourceFolder: string): Promise<string> {
  const archives = await readdir(join(sourceFolder, 'usr/src'));
  const archive = archives.find((name) => name.endsWith('.tar.xz'));
  if (archive === undefined) throw new Error('the package of the kernel source has no archive');
  const name = archive.slice(0, -'.tar.xz'.length);
  const wanted = ['net/netdevsim', 'vdpa/vdpa_sim', 'vhost'].map((path) => `${name}/drivers/${path}`);
  await runCommand('tar', ['-xJf', join(sourceFolder, 'usr/src', archive), '-C', folder, ...wanted]);
  return join(folder, name);
}

/** vdpa_sim needs vringh, which Debian leaves out as well, so both are built in one folder. */
async function gatherVdpaSim(folder: string, tree: string): Promise<string> {
  const build = join(folder, 'vdpa_sim');
  await mkdir(build);
  const copy = async (from: string, fits: (name: string) => boolean): Promise<void> => {
    for (const name of (await readdir(join(tree, from))).filter(fits)) {
      await copyFile(join(tree, from, name), join(build, name));
    }
  };
  await copy('drivers/vdpa/vdpa_sim', (name) => /\.[ch]$/.test(name));
  await copy('drivers/vhost', (name) => name === 'vringh.c' || name.endsWith('.h'));
  await writeFile(join(build, 'Makefile'), 'obj-m += vringh.o vdpa_sim.o vdpa_sim_net.o\n');
  return build;
}

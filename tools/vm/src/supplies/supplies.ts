import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cacheFolder,
  CannotRunError,
  findRelease,
  PrivateApt,
  type Release,
  runCommand,
  sourcesOf,
  stage,
  withLock,
  withProgress,
} from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';
import { INIT_SCRIPT, layOutGuestRoot } from './guest-root.ts';
import { GuestTools } from './guest-tools.ts';
import { GUEST_MODULES } from './modules.ts';
import { layOutNode } from './node-share.ts';
import { layOutOvs } from './ovs.ts';
import { packFolder } from './pack-folder.ts';
import { buildSimulatorModules } from './simulator-modules.ts';

/** Everything that a guest is started from. */
export interface Supplies {
  readonly qemu: Qemu;
  readonly kernelImage: string;
  readonly kernelRelease: string;
  /** The unpacked kernel package, with all modules. */
  readonly kernelFolder: string;
  readonly initramfs: string;
  /** The unpacked packages that the guest's programs come from; the libraries that Node.js needs are among them. */
  readonly tools: GuestTools;
  /** Folder with `node` and its libraries. */
  readonly nodeFolder: string;
  /** Folder with netdevsim and vdpa_sim, or why there is none. */
  readonly simulatorModules: { readonly folder: string } | { readonly missing: string };
  /** Folder with the programs of Open vSwitch, their libraries and the schema of its database. */
  readonly ovsFolder: string;
}

/** How QEMU is run. */
interface Qemu {
  readonly command: string;
  /** Arguments that stand before all others. */
  readonly args: readonly string[];
  readonly version: string;
}

/** Raise it when what is downloaded changes: the old folder is then no longer looked at. */
const RECIPE = 1;
const PROGRAM = 'qemu-system-x86_64';
const GUEST_PACKAGES = [
  ...['busybox-static', 'dash', 'ethtool', 'iproute2', 'kmod', 'perl-base', 'udev', 'xz-utils'],
  // Libraries of Node.js.
  ...['libatomic1', 'libstdc++6'],
  // For guests with disks, and with a network of pods.
  ...['e2fsprogs', 'nftables'],
];
/** Packages of Open vSwitch, whose programs need more libraries than all others together. */
const OVS_PACKAGES = ['openvswitch-common', 'openvswitch-switch'];

/**
 * Gets what is missing in the cache, one process at a time, and tells where everything is.
 * @throws {CannotRunError} on a machine that can have none of it
 */
export async function getSupplies(onProgress: (line: string) => void): Promise<Supplies> {
  const release = await findRelease();
  const cache = join(cacheFolder(), 'vm', `debian-${release.codename}-amd64-${RECIPE}`);
  await mkdir(cache, { recursive: true }).catch((error: unknown) => {
    throw new CannotRunError(`${messageOf(error)}: name a folder that can be written in SRIOV_CACHE`);
  });
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it fills the same cache`);
  return withLock(join(cache, '.lock'), tellWait, () => new Supplier(cache, release, onProgress).supply());
}

class Supplier {
  readonly #cache: string;
  readonly #release: Release;
  readonly #onProgress: (line: string) => void;
  #apt: Promise<PrivateApt> | undefined;

  constructor(cache: string, release: Release, onProgress: (line: string) => void) {
    this.#cache = cache;
    this.#release = release;
    this.#onProgress = onProgress;
  }

  async supply(): Promise<Supplies> {
    const qemu = await this.#getQemu();
    const tools = await this.#getTools('tools', 'downloading the tools of the guest', GUEST_PACKAGES);
    const kernelFolder = await this.#stage('kernel', 'downloading the kernel', (into) => this.#getKernel(into, tools));
    const kernelRelease = releaseIn(kernelFolder);
    const initramfs = await this.#getInitramfs(tools, { kernelFolder, kernelRelease });
    const nodeFolder = await this.#stage(`node-${nodeIdentity()}`, 'copying Node.js', layOutNode);
    const simulatorModules = await this.#getSimulatorModules(kernelRelease);
    const ovsFolder = await this.#getOvs();
    await rm(join(this.#cache, 'apt'), { recursive: true, force: true });
    const kernelImage = join(kernelFolder, 'boot', `vmlinuz-${kernelRelease}`);
    return {
      qemu,
      tools,
      kernelImage,
      kernelFolder,
      kernelRelease,
      initramfs,
      nodeFolder,
      simulatorModules,
      ovsFolder,
    };
  }

  /** Another list of packages is another folder: that of an older version may be on this machine. */
  async #getTools(name: string, what: string, packages: string[]): Promise<GuestTools> {
    const id = createHash('sha256').update(packages.join()).digest('hex').slice(0, 12);
    const folder = await this.#stage(`${name}-${id}`, what, async (into) =>
      (await this.#openApt()).unpack({ packages, into, dependencies: 'all' }),
    );
    return new GuestTools(folder);
  }

  async #getOvs(): Promise<string> {
    const packages = await this.#getTools('ovs-packages', 'downloading Open vSwitch', OVS_PACKAGES);
    const name = `ovs-${hashOf(...['ovs.ts', 'copy-programs.ts'].map((file) => join(import.meta.dirname, file)))}`;
    return this.#stage(name, 'copying Open vSwitch', (into) => layOutOvs(into, packages));
  }

  async #getQemu(): Promise<Qemu> {
    const installed = await describeQemu({ command: PROGRAM, args: [] }).catch(() => undefined);
    if (installed?.hasIgb) return installed;
    const folder = await this.#stage('qemu', 'downloading QEMU', async (into) =>
      (await this.#openApt()).unpack({ packages: ['qemu-system-x86'], into, dependencies: 'leave-out-installed' }),
    );
    const [libraries = '', moreLibraries] = ['usr/lib', 'lib'].map((name) => join(folder, name, 'x86_64-linux-gnu'));
    const command = 'env';
    const args = [
      `LD_LIBRARY_PATH=${libraries}:${moreLibraries}`,
      `QEMU_MODULE_DIR=${join(libraries, 'qemu')}`,
      join(folder, 'usr/bin', PROGRAM),
      ...['-L', join(folder, 'usr/share/qemu'), '-L', join(folder, 'usr/share/seabios')],
    ];
    const unpacked = await describeQemu({ command, args }).catch((error: unknown) => {
      throw new CannotRunError(`the QEMU in ${folder} does not run: ${messageOf(error)}`);
    });
    if (!unpacked.hasIgb) throw new CannotRunError(`QEMU ${unpacked.version} has no igb: it takes 8.1 or later`);
    return unpacked;
  }

  async #getKernel(into: string, tools: GuestTools): Promise<void> {
    const apt = await this.#openApt();
    const image = await apt.resolveMetapackage('linux-image-amd64', 'linux-image-');
    await apt.unpack({ packages: [image], into, dependencies: 'none' });
    await tools.run('kmod', ['-b', into, releaseIn(into)], 'depmod');
  }

  async #getInitramfs(
    tools: GuestTools,
    kernel: { readonly kernelFolder: string; readonly kernelRelease: string },
  ): Promise<string> {
    const sources = ['guest-root.ts', 'copy-programs.ts', 'modules.ts'].map((name) => join(import.meta.dirname, name));
    const name = `initramfs-${hashOf(INIT_SCRIPT, ...sources)}`;
    const folder = await this.#stage(name, 'building the initramfs', async (into) => {
      const root = join(into, 'root');
      await layOutGuestRoot(root, { tools, ...kernel, modules: GUEST_MODULES });
      await writeFile(join(into, 'initramfs.cpio'), await packFolder(root));
      await rm(root, { recursive: true });
    });
    return join(folder, 'initramfs.cpio');
  }

  async #getSimulatorModules(kernelRelease: string): Promise<Supplies['simulatorModules']> {
    try {
      const folder = await this.#stage('simulators', 'building netdevsim and vdpa_sim', async (into) => {
        await runCommand('gcc', ['--version']);
        await runCommand('make', ['--version']);
        const apt = await this.#openApt();
        const headersFolder = join(into, 'headers');
        const sourceFolder = join(into, 'source');
        await apt.unpack({
          packages: await headerPackages(apt, kernelRelease),
          into: headersFolder,
          dependencies: 'none',
        });
        const version = kernelRelease.split('.').slice(0, 2).join('.');
        await apt.unpack({ packages: [`linux-source-${version}`], into: sourceFolder, dependencies: 'none' });
        await buildSimulatorModules(into, { headersFolder, sourceFolder, kernelRelease });
        for (const name of readdirSync(into).filter((each) => !each.endsWith('.ko'))) {
          await rm(join(into, name), { recursive: true });
        }
      });
      return { folder };
    } catch (error) {
      return { missing: messageOf(error) };
    }
  }

  #openApt(): Promise<PrivateApt> {
    this.#apt ??= PrivateApt.create(join(this.#cache, 'apt'), sourcesOf(this.#release)).catch((error: unknown) => {
      throw new CannotRunError(`the package lists cannot be had: ${messageOf(error)}`);
    });
    return this.#apt;
  }

  #stage(name: string, what: string, build: (folder: string) => Promise<void>): Promise<string> {
    if (existsSync(join(this.#cache, name))) return stage(this.#cache, name, build);
    this.#onProgress(what);
    const tell = (seconds: number): void => this.#onProgress(`${what}, for ${seconds} s`);
    return withProgress(tell, () => stage(this.#cache, name, build));
  }
}

async function describeQemu(qemu: {
  readonly command: string;
  readonly args: readonly string[];
}): Promise<Qemu & { readonly hasIgb: boolean }> {
  const ask = (...args: string[]): Promise<string> => runCommand(qemu.command, [...qemu.args, ...args]);
  const version = /version (\S+)/.exec(await ask('--version'))?.[1] ?? 'unknown';
  return { ...qemu, version, hasIgb: (await ask('-device', 'help')).includes('name "igb"') };
}

/** The headers of a kernel, and the packages that they cannot do without. */
async function headerPackages(apt: PrivateApt, kernelRelease: string): Promise<string[]> {
  const headers = `linux-headers-${kernelRelease}`;
  const common = await apt.resolveMetapackage(headers, 'linux-headers-');
  const kbuild = await apt.resolveMetapackage(headers, 'linux-kbuild-');
  return [headers, common, kbuild];
}

/** As `uname -r` of the kernel in the folder would print it. */
function releaseIn(kernelFolder: string): string {
  return readdirSync(join(kernelFolder, 'lib/modules'))[0] ?? '';
}

function nodeIdentity(): string {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version}-${size}-${Math.round(mtimeMs)}`;
}

function hashOf(...paths: string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 12);
}

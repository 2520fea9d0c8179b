import { createHash } from 'node:crypto';
import { chmod, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildGoPrograms,
  CannotRunError,
  findRelease,
  PrivateApt,
  runCommand,
  sourcesOf,
  stage,
} from '@sriov/control-plane';
import { messageOf } from '@sriov/errors';

const MODULE = join(import.meta.dirname, '../../go/runtime');

/** Programs that need no C, with the tags that leave out what needs it. */
const CONTAINERD = {
  containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
  'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
  ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
};
const CONTAINERD_TAGS = 'no_btrfs,no_zfs,no_devmapper';

/** Network plugins, which containerd runs by these names. */
const CNI_PLUGINS = {
  bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
  'host-device': 'github.com/containernetworking/plugins/plugins/main/host-device',
  'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
  loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
  ptp: 'github.com/containernetworking/plugins/plugins/main/ptp',
};

/** runc enters namespaces in C. The kubelet asks for the runtime's default seccomp profile for each pod. */
const RUNC = { runc: 'github.com/opencontainers/runc' };
const RUNC_TAGS = 'osusergo,netgo,seccomp';

/** What runs containers on a node. */
export interface Runtime {
  /** Folder of containerd, its shim, ctr and runc. */
  readonly bin: string;
  /** Folder of the network plugins. */
  readonly cni: string;
}

/**
 * Gets containerd, runc and the network plugins: from the cache, or built by Go in the module that pins them.
 * @throws {CannotRunError} on a machine that cannot build them
 */
export async function getRuntime(cache: string, onProgress: (line: string) => void): Promise<Runtime> {
  const folder = await stage(cache, `runtime-${await recipeHash()}`, async (into) => {
    const work = join(into, 'work');
    // Go wants to write beside go.mod, and the checkout must stay as it is.
    await cp(MODULE, work, { recursive: true });
    try {
      await build(into, work, onProgress);
    } catch (error) {
      if (error instanceof CannotRunError) throw error;
      throw new CannotRunError(`containerd and runc cannot be built: ${messageOf(error)}`);
    }
    await rm(work, { recursive: true });
  });
  return { bin: join(folder, 'bin'), cni: join(folder, 'cni') };
}

async function build(into: string, work: string, onProgress: (line: string) => void): Promise<void> {
  const [bin, cni] = [join(into, 'bin'), join(into, 'cni')];
  const strip = ['-ldflags', '-s -w'];
  const common = { module: work, onProgress };
  // runc first: what it needs of this machine may be missing.
  const env = await prepareC(work);
  const isStatic = ['-ldflags', '-s -w -extldflags -static'];
  await buildGoPrograms({ ...common, packages: RUNC, flags: ['-tags', RUNC_TAGS, ...isStatic], env, output: bin });
  const tags = ['-tags', CONTAINERD_TAGS];
  await buildGoPrograms({ ...common, packages: CONTAINERD, flags: [...tags, ...strip], output: bin });
  await buildGoPrograms({ ...common, packages: CNI_PLUGINS, flags: strip, output: cni });
}

/** Gets libseccomp from Debian, and tells Go where it is without the program pkg-config. */
async function prepareC(work: string): Promise<Record<string, string>> {
  await runCommand('gcc', ['--version']);
  const apt = await PrivateApt.create(join(work, 'apt'), sourcesOf(await findRelease()));
  const seccomp = join(work, 'seccomp');
  await apt.unpack({ packages: ['libseccomp-dev'], into: seccomp, dependencies: 'none' });
  const pkgConfig = join(work, 'pkg-config');
  await writeFile(pkgConfig, '#!/bin/sh\ncase "$*" in *--libs*) echo -lseccomp ;; esac\n');
  await chmod(pkgConfig, 0o755);
  // Go keeps what it has compiled under these flags, but not under what pkg-config has printed.
  const flags = {
    CGO_CFLAGS: `-O2 -g -I${join(seccomp, 'usr/include')}`,
    CGO_LDFLAGS: `-O2 -g -L${join(seccomp, 'usr/lib/x86_64-linux-gnu')}`,
  };
  return { CGO_ENABLED: '1', PKG_CONFIG: pkgConfig, ...flags };
}

/** Another module or another way to build it is another folder. */
async function recipeHash(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(import.meta.filename));
  for (const name of (await readdir(MODULE)).sort()) hash.update(await readFile(join(MODULE, name)));
  return hash.digest('hex').slice(0, 12);
}

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findRelease, PrivateApt, runCommand, stage } from '@sriov/control-plane';

/** How buildah is run on this machine. */
export interface BuildahProgram {
  readonly command: string;
  readonly libraries: string;
}

/** Takes the buildah of this machine's Debian release, which is unpacked and not installed. */
export async function getBuildah(cache: string, onProgress: (line: string) => void): Promise<BuildahProgram> {
  const { codename, archive } = await findRelease();
  const folder = await stage(cache, `buildah-${codename}`, async (into) => {
    onProgress(`downloading buildah of Debian ${codename}`);
    const archives = [{ address: archive, suite: codename }];
    const apt = await PrivateApt.create(join(into, 'apt'), { archives, newestSuite: codename });
    await apt.unpack({ packages: ['buildah'], into, dependencies: 'all' });
    await rm(join(into, 'apt'), { recursive: true });
  });
  return { command: join(folder, 'usr/bin/buildah'), libraries: join(folder, 'usr/lib/x86_64-linux-gnu') };
}

/** What is built. */
export interface Target {
  readonly target: string;
  readonly arguments: Readonly<Record<string, string>>;
}

/** Trusts what is named by its digest, and asks no registry for a name without a host. */
const POLICY = JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] });

/** Ways to store layers, the best first. Digests are the same with both; vfs copies all of an image for each layer. */
const DRIVERS = ['overlay', 'vfs'] as const;

/**
 * buildah with a storage of its own, for one architecture: with a common one it would take a layer of the other
 * architecture from its cache.
 */
export class Buildah {
  readonly #program: BuildahProgram;
  readonly #folder: string;
  #driver: (typeof DRIVERS)[number] = 'vfs';

  private constructor(program: BuildahProgram, folder: string) {
    this.#program = program;
    this.#folder = folder;
  }

  /** @param folder a new folder that it may fill */
  static async create(program: BuildahProgram, folder: string): Promise<Buildah> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'policy.json'), POLICY);
    await writeFile(join(folder, 'registries.conf'), '');
    await writeFile(join(folder, 'containers.conf'), '');
    const buildah = new Buildah(program, folder);
    await buildah.#chooseDriver();
    return buildah;
  }

  /** overlay does not work on every file system, such as that of a container. */
  async #chooseDriver(): Promise<void> {
    for (const driver of DRIVERS) {
      this.#driver = driver;
      const works = await this.#run(['images']).then(
        () => true,
        () => false,
      );
      if (works) return;
    }
  }

  /** Builds one target of a Dockerfile. @returns the name of the image */
  async build(
    { target, arguments: given }: Target,
    { dockerfile, context, architecture }: { dockerfile: string; context: string; architecture: string },
  ): Promise<string> {
    const name = `localhost/${target}:built`;
    const flags = [
      '--isolation',
      'chroot',
      '--format',
      'oci',
      '--timestamp',
      '0',
      '--layers',
      '--identity-label=false',
    ];
    const build = Object.entries(given).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
    const what = ['--platform', `linux/${architecture}`, '--target', target, '--tag', name, '--file', dockerfile];
    await this.#run(['build', '--quiet', ...flags, ...build, ...what, context]);
    return name;
  }

  /** Adds an image to an OCI image layout. @param layout its folder @param reference its name there */
  async push(image: string, layout: string, reference: string): Promise<void> {
    await this.#run(['push', '--quiet', image, `oci:${layout}:${reference}`]);
  }

  #run([verb = '', ...args]: readonly string[]): Promise<string> {
    const at = (name: string): string => join(this.#folder, name);
    const storage = ['--root', at(this.#driver), '--runroot', at('run'), '--storage-driver', this.#driver];
    const files = verb === 'images' ? [] : ['--signature-policy', at('policy.json')];
    const env = {
      ...process.env,
      LD_LIBRARY_PATH: this.#program.libraries,
      CONTAINERS_CONF: at('containers.conf'),
      CONTAINERS_REGISTRIES_CONF: at('registries.conf'),
    };
    return runCommand(this.#program.command, [...storage, verb, ...files, ...args], { env });
  }
}

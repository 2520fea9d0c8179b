import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '@sriov/control-plane';
import { type Release } from './release.ts';

/** Where packages of a download are unpacked, and what they may take for granted. */
export interface Download {
  readonly packages: readonly string[];
  /** Folder that gets the content of the packages. */
  readonly into: string;
  /**
   * Which packages their dependencies come from beside the archive: `host` leaves out what this machine has installed,
   * `nothing` brings everything down to the C library, `none` brings no dependency at all.
   */
  readonly dependencies: 'leave-out-installed' | 'all' | 'none';
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * apt with a state of its own: it sees the machine's archive and its backports, and leaves the machine's lists, cache
 * and installed packages alone. Needs no root.
 */
export class PrivateApt {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #release: Release;

  private constructor(folder: string, release: Release) {
    this.#folder = folder;
    this.#release = release;
    this.#env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C' };
  }

  /** Prepares the state in a folder and fetches the package lists. @throws Error with apt's own words */
  static async create(folder: string, release: Release): Promise<PrivateApt> {
    await mkdir(join(folder, 'lists/partial'), { recursive: true });
    await writeFile(join(folder, 'empty-status'), '');
    await writeFile(join(folder, 'apt.conf'), aptConf(folder));
    await writeFile(join(folder, 'sources.list'), sourcesList(release));
    const apt = new PrivateApt(folder, release);
    await apt.#run('apt-get', ['update', '-q', '--error-on=any']);
    return apt;
  }

  /** The package that a metapackage stands for now: its first dependency whose name begins with `prefix`. */
  async resolveMetapackage(name: string, prefix: string): Promise<string> {
    const text = await this.#run('apt-cache', ['show', '--no-all-versions', `${name}/${this.#release.newestSuite}`]);
    const found = text
      .split('\n')
      .filter((line) => line.startsWith('Depends:'))
      .flatMap((line) => line.slice('Depends:'.length).split(','))
      .map((dependency) => dependency.trim().split(' ')[0] ?? '')
      .find((dependency) => dependency.startsWith(prefix));
    if (found === undefined) throw new Error(`${name} depends on no ${prefix}*`);
    return found;
  }

  /** Downloads packages, newest first, and unpacks them. Nothing is installed. */
  async unpack({ packages, into, dependencies }: Download): Promise<void> {
    const archives = join(this.#folder, 'archives', packages[0] ?? '');
    await mkdir(join(archives, 'partial'), { recursive: true });
    const suite = ['-t', this.#release.newestSuite];
    if (dependencies === 'none') {
      await this.#run('apt-get', ['download', '-q', ...suite, ...packages], archives);
    } else {
      const status = dependencies === 'all' ? [`Dir::State::status=${join(this.#folder, 'empty-status')}`] : [];
      const options = [`Dir::Cache::archives=${archives}`, ...status].flatMap((option) => ['-o', option]);
      await this.#run('apt-get', ['install', '-q', '-y', '--download-only', ...options, ...suite, ...packages]);
    }
    await mkdir(into, { recursive: true });
    for (const file of (await readdir(archives)).filter((name) => name.endsWith('.deb'))) {
      await runCommand('dpkg-deb', ['-x', join(archives, file), into]);
    }
  }

  #run(command: string, args: readonly string[], cwd = this.#folder): Promise<string> {
    return runCommand(command, args, { cwd, env: this.#env });
  }
}

function aptConf(folder: string): string {
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    // Nothing is installed, so dpkg's lock, which only root can take, is none of our business.
    'Debug::NoLocking': 'true',
    // The folder belongs to the user who runs this, and apt's own user may not write there.
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} "${value}";\n`)
    .join('');
}

function sourcesList({ archive, suites }: Release): string {
  const options = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  return suites.map((suite) => `deb ${options}${archive} ${suite} main\n`).join('');
}

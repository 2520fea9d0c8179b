import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../run-command.ts';

/** Where packages come from. */
export interface AptSources {
  readonly archives: readonly { readonly address: string; readonly suite: string }[];
  /** The suite that is preferred. */
  readonly newestSuite: string;
  /** Debian's name of the architecture, unless it is that of this machine. */
  readonly architecture?: string;
}

/** Which packages are downloaded, and what they may take for granted. */
export interface Download {
  readonly packages: readonly string[];
  /** Folder that gets the packages, or their content. */
  readonly into: string;
  /**
   * Which packages their dependencies come from beside the archive: `host` leaves out what this machine has installed,
   * `nothing` brings everything down to the C library, `none` brings no dependency at all.
   */
  readonly dependencies: 'leave-out-installed' | 'all' | 'none';
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * apt with a state of its own: it sees the given archives, and leaves the machine's lists, cache and installed packages
 * alone. Needs no root.
 */
export class PrivateApt {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #newestSuite: string;

  private constructor(folder: string, newestSuite: string) {
    this.#folder = folder;
    this.#newestSuite = newestSuite;
    this.#env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf'), LC_ALL: 'C' };
  }

  /** Prepares the state in a folder and fetches the package lists. @throws Error with apt's own words */
  static async create(folder: string, sources: AptSources): Promise<PrivateApt> {
    await mkdir(join(folder, 'lists/partial'), { recursive: true });
    await writeFile(join(folder, 'empty-status'), '');
    await writeFile(join(folder, 'apt.conf'), aptConf(folder, sources));
    await writeFile(join(folder, 'sources.list'), sourcesList(sources));
    const apt = new PrivateApt(folder, sources.newestSuite);
    await apt.#run('apt-get', ['update', '-q', '--error-on=any']);
    return apt;
  }

  /** The package that a metapackage stands for now: its first dependency whose name begins with `prefix`. */
  async resolveMetapackage(name: string, prefix: string): Promise<string> {
    const text = await this.#run('apt-cache', ['show', '--no-all-versions', `${name}/${this.#newestSuite}`]);
    const found = text
      .split('\n')
      .filter((line) => line.startsWith('Depends:'))
      .flatMap((line) => line.slice('Depends:'.length).split(','))
      .map((dependency) => dependency.trim().split(' ')[0] ?? '')
      .find((dependency) => dependency.startsWith(prefix));
    if (found === undefined) throw new Error(`${name} depends on no ${prefix}*`);
    return found;
  }

  /** Downloads packages, newest first, and unpacks them over each other. Nothing is installed. */
  async unpack({ into, ...download }: Download): Promise<void> {
    const archives = join(this.#folder, 'archives', download.packages[0] ?? '');
    await mkdir(into, { recursive: true });
    for (const file of await this.download({ ...download, into: archives })) {
      await runCommand('dpkg-deb', ['-x', file, into]);
    }
  }

  /** Downloads packages, newest first. @returns the paths of all packages in the folder */
  async download({ packages, into, dependencies }: Download): Promise<string[]> {
    await mkdir(join(into, 'partial'), { recursive: true });
    const suite = ['-t', this.#newestSuite];
    if (dependencies === 'none') {
      await this.#run('apt-get', ['download', '-q', ...suite, ...packages], into);
    } else {
      const status = dependencies === 'all' ? [`Dir::State::status=${join(this.#folder, 'empty-status')}`] : [];
      const options = [`Dir::Cache::archives=${into}`, ...status].flatMap((option) => ['-o', option]);
      await this.#run('apt-get', ['install', '-q', '-y', '--download-only', ...options, ...suite, ...packages]);
    }
    return (await readdir(into)).filter((name) => name.endsWith('.deb')).map((name) => join(into, name));
  }

  #run(command: string, args: readonly string[], cwd = this.#folder): Promise<string> {
    return runCommand(command, args, { cwd, env: this.#env });
  }
}

function aptConf(folder: string, { architecture }: AptSources): string {
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
    ...(architecture !== undefined && { 'APT::Architecture': architecture, 'APT::Architectures': architecture }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} "${value}";\n`)
    .join('');
}

function sourcesList({ archives }: AptSources): string {
  const options = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : '';
  return archives.map(({ address, suite }) => `deb ${options}${address} ${suite} main\n`).join('');
}

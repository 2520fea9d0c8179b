import { chmod, copyFile, lstat, mkdir, readFile, readlink, symlink } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { type Architecture, TRIPLET } from '../recipe.ts';
import { readDynamicNeeds } from './elf.ts';
import { type DebianPackage, findOwners, type Packages, recordPackage } from './packages.ts';

/** Folders that packages name by the old path: these are links into /usr. */
const MERGED = ['bin', 'lib', 'lib64', 'sbin'];

/**
 * A root file system that gets chosen files of packages, and every library that these need. What cannot be found is an
 * error: a command must not fail on a node for want of a library.
 */
export class Root {
  readonly #root: string;
  readonly #packages: Packages;
  readonly #triplet: string;
  readonly #owners: ReadonlyMap<string, DebianPackage>;
  /** Paths that are there, in this root file system or in one that it is laid over. */
  readonly #present: Set<string>;
  readonly #used = new Set<DebianPackage>();

  private constructor(
    root: string,
    source: { packages: Packages; triplet: string; owners: Map<string, DebianPackage> },
  ) {
    this.#root = root;
    this.#packages = source.packages;
    this.#triplet = source.triplet;
    this.#owners = source.owners;
    this.#present = new Set();
  }

  /** Begins an empty root file system in a folder. */
  static async create(root: string, packages: Packages, architecture: Architecture): Promise<Root> {
    const owners = await findOwners(packages);
    return new Root(root, { packages, owners, triplet: TRIPLET[architecture] });
  }

  /** Counts what another one has as being there. */
  layOver(other: Root): void {
    for (const path of other.#present) this.#present.add(path);
  }

  /** Adds files of the packages: paths, with TRIPLET for that of the architecture, or folders with `/*`. */
  async add(files: readonly string[]): Promise<void> {
    for (const file of files.map((each) => each.replace('TRIPLET', this.#triplet))) {
      if (file.endsWith('/*')) await this.#addFolder(file.slice(0, -1));
      else await this.#addFile(file);
    }
  }

  /** Adds a file from elsewhere, with the libraries that it needs. */
  async addProgram(from: string, to: string): Promise<void> {
    await this.#copy(from, to);
    await chmod(join(this.#root, to), 0o755);
    await this.#addLibraries(from);
  }

  /** Records the packages whose files are here. @returns them, sorted by name */
  async record(): Promise<DebianPackage[]> {
    const used = [...this.#used].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const each of used) await recordPackage(this.#root, this.#packages, each);
    return used;
  }

  async #addFolder(prefix: string): Promise<void> {
    for (const path of [...this.#owners.keys()].filter((each) => each.startsWith(prefix))) await this.#addFile(path);
  }

  async #addFile(path: string): Promise<void> {
    if (this.#present.has(path)) return;
    const owner = this.#owners.get(path);
    if (owner === undefined) throw new Error(`no package has ${path}`);
    this.#used.add(owner);
    const from = join(this.#packages.folder, owner.name, path);
    if ((await lstat(from)).isSymbolicLink()) {
      const target = await readlink(from);
      await this.#make(path);
      await symlink(target, join(this.#root, path));
      return this.#addFile(posix.normalize(posix.join(posix.dirname(path), target)));
    }
    await this.#copy(from, path);
    await this.#addLibraries(from);
  }

  async #addLibraries(file: string): Promise<void> {
    const needs = readDynamicNeeds(await readFile(file));
    if (needs === undefined) return;
    if (needs.interpreter !== undefined) await this.#addFile(inUsr(needs.interpreter));
    const folders = [...needs.searched.map(inUsr), `usr/lib/${this.#triplet}`];
    for (const library of needs.libraries) {
      const path = folders.map((folder) => posix.join(folder, library)).find((each) => this.#owners.has(each));
      if (path === undefined) throw new Error(`no package has ${library}, which ${file} needs`);
      await this.#addFile(path);
    }
  }

  async #copy(from: string, to: string): Promise<void> {
    await this.#make(to);
    await copyFile(from, join(this.#root, to));
  }

  async #make(path: string): Promise<void> {
    this.#present.add(path);
    await mkdir(join(this.#root, dirname(path)), { recursive: true });
  }
}

/** A path as packages have it since all of it is below /usr: `/lib64/x` is `usr/lib64/x`. */
function inUsr(path: string): string {
  const relative = path.replace(/^\/+/, '');
  return MERGED.includes(relative.split('/')[0] ?? '') ? `usr/${relative}` : relative;
}

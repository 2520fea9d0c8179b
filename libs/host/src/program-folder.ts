import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode, messageOf } from '@sriov/errors';
import { CommandError } from './kernel/commands.ts';
import { type Kernel } from './kernel/kernel.ts';
import { StateFolder, syncFolder } from './state-folder.ts';

/** Programs on the host that start without a container. */
export interface Programs {
  /** The name of the program that this process is. */
  name(): Promise<string>;
  /** The words that run a program of that name on the host; arguments follow. */
  words(name: string): Promise<readonly string[]>;
  /** Names of what is there, what a crash has left unfinished among it. */
  list(): Promise<string[]>;
  /** Copies the program that this process is to the host, and has it run there once. @throws {Error} also if it does not run */
  install(name: string): Promise<void>;
  /** Removes a program, and the folder with the last of them. */
  remove(name: string): Promise<void>;
  /** Why nothing can be written there: an error code, such as `EROFS`. */
  findRefusal(): Promise<string | undefined>;
}

/** Where programs are put. */
interface ProgramPlace {
  readonly kernel: Kernel;
  /** Where the root file system of the host is; empty outside a container. */
  readonly root: string;
  /** The folder on the host. */
  readonly path: string;
  /** The script that this process runs. */
  readonly script: string;
}

/** The names that the copies have beside those of libraries. */
const NODE = 'node';
const SCRIPT = 'main.mjs';

/**
 * Programs in a folder of the host. A program is Node.js, its script, and the libraries that this process has loaded,
 * the loader among them: it depends on nothing of the host but its kernel, and runs with what runs here.
 */
export class ProgramFolder implements Programs {
  readonly #place: ProgramPlace;
  readonly #folder: StateFolder;
  #parts: Promise<Parts> | undefined;

  constructor(place: ProgramPlace) {
    this.#place = place;
    this.#folder = new StateFolder(`${place.root}${place.path}`);
  }

  async name(): Promise<string> {
    return (await this.#read()).name;
  }

  async words(name: string): Promise<readonly string[]> {
    return wordsIn(`${this.#place.path}/${name}`, (await this.#read()).libraries);
  }

  async list(): Promise<string[]> {
    try {
      return (await readdir(this.#folder.path)).sort();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async install(name: string): Promise<void> {
    const { libraries } = await this.#read();
    const { kernel, root, path, script } = this.#place;
    const unfinished = `${name}.unfinished`;
    const into = join(this.#folder.path, unfinished);
    await rm(into, { recursive: true, force: true });
    await mkdir(into, { recursive: true, mode: 0o755 });
    try {
      await copyDurably(process.execPath, join(into, NODE));
      await copyDurably(script, join(into, SCRIPT));
      for (const library of libraries) {
        await copyDurably(library, join(into, basename(library)));
        for (const name of shorterNames(basename(library))) await symlink(basename(library), join(into, name));
      }
      await syncFolder(into);
      await relabel(kernel, root, `${path}/${unfinished}`);
      await tryOut(kernel, [...wordsIn(`${path}/${unfinished}`, libraries), '--version']);
      await rm(join(this.#folder.path, name), { recursive: true, force: true });
      await rename(into, join(this.#folder.path, name));
      await syncFolder(this.#folder.path);
    } catch (error) {
      await rm(into, { recursive: true, force: true });
      throw error;
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder.path, name), { recursive: true, force: true });
    await rmdir(this.#folder.path).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'ENOENT'].some((code) => hasCode(error, code))) throw error;
    });
  }

  findRefusal(): Promise<string | undefined> {
    return this.#folder.findRefusal('');
  }

  #read(): Promise<Parts> {
    return (this.#parts ??= readParts(this.#place.script));
  }
}

/** What this process is made of. */
interface Parts {
  readonly name: string;
  /** Paths of the libraries that it has loaded, and of the loader. */
  readonly libraries: readonly string[];
}

async function readParts(script: string): Promise<Parts> {
  const [text, maps] = await Promise.all([readFile(script), readFile('/proc/self/maps', 'utf8')]);
  const paths = [...maps.matchAll(/\s(\/\S+)$/gm)].flatMap(([, path = '']) => (LIBRARY.test(path) ? path : []));
  const libraries = [...new Set(paths)].sort();
  const hash = createHash('sha256')
    .update(text)
    .update(`${process.version} ${process.arch} ${libraries.join(' ')}`);
  return { name: `program-${hash.digest('hex').slice(0, 16)}`, libraries };
}

const LIBRARY = /\.so(\.\d+)*$/;
/** The dynamic loader of glibc, or of musl, by its name: `ld-linux-x86-64.so.2`. */
const LOADER = /^ld-[\w-]+\.so/;

/** A program that needs no loader is started as it is. */
function wordsIn(folder: string, libraries: readonly string[]): string[] {
  const loader = libraries.map((path) => basename(path)).find((name) => LOADER.test(name));
  const start = loader === undefined ? [] : [`${folder}/${loader}`, '--library-path', folder];
  return [...start, `${folder}/${NODE}`, `${folder}/${SCRIPT}`];
}

/**
 * Names by which others may ask for a library: that of its interface has fewer numbers than its file, as `libstdc++.so.6`
 * has of `libstdc++.so.6.0.30`.
 */
function shorterNames(name: string): string[] {
  const shorter = name.replace(/\.\d+$/, '');
  return shorter === name || shorter.endsWith('.so') ? [] : [shorter, ...shorterNames(shorter)];
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, 'r+');
  try {
    await file.chmod(0o755);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** With SELinux, systemd runs what has the label of a program only; files in /var have another one. */
async function relabel(kernel: Kernel, root: string, path: string): Promise<void> {
  const isOn = await readdir(`${root}/sys/fs/selinux`).then(
    (names) => names.includes('enforce'),
    (error: unknown) => {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    },
  );
  if (!isOn) return;
  const words = ['-R', '-t', 'bin_t', path];
  const { exitCode, stderr } = await kernel.exec('chcon', words, { onHost: true });
  if (exitCode !== 0) throw new CommandError(['chcon', ...words].join(' '), { exitCode, stderr });
}

/** Longest time of the first start of a program, which is read from a disk that has just written it. */
const FIRST_START_MS = 120_000;

async function tryOut(kernel: Kernel, [command = '', ...args]: readonly string[]): Promise<void> {
  const options = { onHost: true, deadlineMs: FIRST_START_MS };
  const { exitCode, stderr } = await kernel.exec(command, args, options).catch((cause: unknown) => {
    throw new Error(`the program does not run on this host: ${messageOf(cause)}`, { cause });
  });
  if (exitCode === 0) return;
  const { message } = new CommandError([command, ...args].join(' '), { exitCode, stderr });
  throw new Error(`the program does not run on this host: ${message}`);
}

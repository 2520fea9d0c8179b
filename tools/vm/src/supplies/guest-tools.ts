import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '@sriov/control-plane';

/** In the last one, Debian has the program that `update-alternatives` makes ovs-vswitchd of. */
const PROGRAM_FOLDERS = ['bin', 'sbin', 'usr/bin', 'usr/sbin', 'usr/lib/openvswitch-switch'];
const LIBRARY_FOLDERS = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'];

/** The unpacked packages of the guest: a world of their own, down to the C library. */
export class GuestTools {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Path on this machine of a file of the packages. */
  path(inPackage: string): string {
    return join(this.#folder, inPackage);
  }

  /** Path on this machine of a program of the guest. @throws Error when the packages have none. */
  find(program: string): string {
    const found = PROGRAM_FOLDERS.map((folder) => join(this.#folder, folder, program)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`the packages of the guest have no ${program}`);
    return found;
  }

  /** Shared libraries that a program needs, named by its path here: paths on this machine by the path in the guest. */
  async librariesOf(program: string): Promise<Map<string, string>> {
    const text = await this.#load(['--list', program]);
    const libraries = new Map([['/lib64/ld-linux-x86-64.so.2', this.#loader]]);
    for (const [, name = '', path = ''] of text.matchAll(/^\s*([^\s/]+) => (\S+) \(/gm)) {
      libraries.set(`/lib/x86_64-linux-gnu/${name}`, path);
    }
    return libraries;
  }

  /** Runs a program of the guest here. `as` is the name it is called by: kmod does what its name says. */
  run(program: string, args: readonly string[], as = program): Promise<string> {
    return this.#load(['--argv0', as, this.find(program), ...args]);
  }

  get #loader(): string {
    return join(this.#libraryFolders[0] ?? '', 'ld-linux-x86-64.so.2');
  }

  get #libraryFolders(): string[] {
    return LIBRARY_FOLDERS.map((folder) => join(this.#folder, folder)).filter((folder) => existsSync(folder));
  }

  #load(args: readonly string[]): Promise<string> {
    return runCommand(this.#loader, ['--library-path', this.#libraryFolders.join(':'), ...args]);
  }
}

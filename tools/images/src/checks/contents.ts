import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Machines of ELF files, by the names of architectures. */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183 };

/** Names of programs by which an intruder would help himself. */
const FORBIDDEN =
  /^(?:sh|bash|dash|ash|zsh|busybox|toybox|env|apt.*|dpkg.*|rpm|apk|npm|npx|corepack|python.*|perl.*|curl|wget|su|sudo|mount)$/;

/** A file or folder of a root file system. */
interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly kind: 'file' | 'folder' | 'link';
  readonly owner: string;
}

async function entriesOf(root: string, below = ''): Promise<Entry[]> {
  const found: Entry[] = [];
  for (const name of await readdir(join(root, below))) {
    const path = `${below}/${name}`;
    const stats = await lstat(join(root, path));
    const owner = `${stats.uid}:${stats.gid}`;
    const kind = stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'file';
    found.push({ path, mode: stats.mode & 0o7777, kind, owner });
    if (kind === 'folder') found.push(...(await entriesOf(root, path)));
  }
  return found;
}

/** What should not be in a root file system of an image: a sentence each. */
export async function findFaults(root: string, architecture: string): Promise<string[]> {
  const entries = await entriesOf(root);
  const programs = entries.filter(({ mode, kind }) => kind === 'file' && (mode & 0o111) !== 0);
  const faults = entries.flatMap(faultsOf);
  for (const { path } of programs) {
    const machine = await machineOf(join(root, path));
    if (machine === 'script') faults.push(`${path} is a script`);
    if (typeof machine === 'number' && machine !== MACHINES[architecture])
      faults.push(`${path} is not for ${architecture}`);
  }
  return faults;
}

function faultsOf({ path, mode, kind, owner }: Entry): string[] {
  const faults: string[] = [];
  const isProgram = /^\/(?:usr\/(?:local\/)?)?s?bin\//.test(path);
  if (isProgram && FORBIDDEN.test(path.slice(path.lastIndexOf('/') + 1))) faults.push(`${path} should not be there`);
  if (owner !== '0:0') faults.push(`${path} belongs to ${owner}`);
  if (kind === 'link') return faults;
  if ((mode & 0o6000) !== 0) faults.push(`${path} runs as its owner`);
  if ((mode & 0o002) !== 0 && path !== '/tmp') faults.push(`${path} can be written by all`);
  if ((mode & 0o004) === 0) faults.push(`${path} cannot be read by all`);
  return faults;
}

/** For which machine a program is. */
async function machineOf(path: string): Promise<number | 'script' | undefined> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(20);
    await file.read(head, 0, head.length);
    if (head.toString('latin1', 0, 2) === '#!') return 'script';
    return head.toString('latin1', 0, 4) === '\x7fELF' ? head.readUInt16LE(18) : undefined;
  } finally {
    await file.close();
  }
}

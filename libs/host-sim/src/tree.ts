import { KernelError } from '@sriov/host';

/** A node of the simulated file tree. Folders are computed when they are looked into. */
export type Node = Folder | File | Link;

/** A folder. */
export interface Folder {
  readonly kind: 'folder';
  readonly names: () => readonly string[];
  readonly get: (name: string) => Node | undefined;
}

/** An attribute: without `read` it is write-only, without `write` read-only. Both throw errno names as strings. */
export interface File {
  readonly kind: 'file';
  /** Permission bits, such as 0o644. */
  readonly mode: number;
  readonly read?: () => string | Promise<string>;
  readonly write?: (value: string) => void | Promise<void>;
  /** Content that is not text; its size in bytes, where the file tells one. */
  readonly binarySize?: number;
}

/** A symbolic link. */
export interface Link {
  readonly kind: 'link';
  readonly target: string;
}

/** What may stand in a folder: absent entries are left out. */
export type Entries = Readonly<Record<string, Node | (() => Node | undefined) | undefined>>;

/** A folder of named entries. */
export function folder(entries: Entries): Folder {
  const get = (name: string): Node | undefined => {
    if (!Object.hasOwn(entries, name)) return undefined;
    const entry = entries[name];
    return typeof entry === 'function' ? entry() : entry;
  };
  return { kind: 'folder', names: () => Object.keys(entries).filter((name) => get(name) !== undefined), get };
}

/** A read-only attribute. */
export const constant = (text: string, mode = 0o444): File => ({ kind: 'file', mode, read: () => text });
/** An attribute whose read fails. */
export const unreadable = (errno: string, mode = 0o444): File => ({
  kind: 'file',
  mode,
  read: () => {
    throw new Errno(errno);
  },
});
/** An attribute that takes any write and does nothing with it. */
export const settable = (text: string): File => ({
  kind: 'file',
  mode: 0o644,
  read: () => text,
  write: () => undefined,
});
/** A symbolic link. */
export const link = (target: string): Link => ({ kind: 'link', target });

/** A refusal of the simulated kernel, before it is known which call it answers. */
export class Errno extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** As many links as Linux follows. */
const MAX_LINKS = 40;

/** Finds the node at a path. `followLast` tells whether a link at its end is followed. @throws {Errno} */
export function findNode(root: Folder, path: string, followLast: boolean): Node {
  // The folders from the root to where we are: `..` goes back along them.
  const trail: Node[] = [root];
  const rest = partsOf(path);
  let followed = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const node = childOf(trail.at(-1), name);
    if (node.kind !== 'link' || (rest.length === 0 && !followLast)) {
      trail.push(node);
      continue;
    }
    followed += 1;
    if (followed > MAX_LINKS) throw new Errno('ELOOP');
    if (node.target.startsWith('/')) trail.splice(1);
    rest.unshift(...partsOf(node.target));
  }
  return trail[trail.length - 1] ?? root;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function childOf(node: Node | undefined, name: string): Node {
  if (node?.kind !== 'folder') throw new Errno('ENOTDIR');
  const child = node.get(name);
  if (child === undefined) throw new Errno('ENOENT');
  return child;
}

/** Turns a refusal into the port's error. */
export function toKernelError(error: unknown, call: { readonly verb: string; readonly path: string }): unknown {
  return error instanceof Errno ? new KernelError({ ...call, code: error.code }) : error;
}

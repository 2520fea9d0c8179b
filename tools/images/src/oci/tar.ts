import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Header, pack, type Pack } from 'tar-stream';

/** What a tar holds under a path. The path is relative and has no slash at its end. */
export type TarEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer; readonly executable?: boolean }
  /** A file with the content of one on the disk, which is not read into memory. */
  | { readonly kind: 'copy'; readonly path: string; readonly from: string; readonly executable?: boolean };

/** A file that has been written: what names it in an image. */
export interface WrittenFile {
  readonly path: string;
  /** `sha256:` and the hash of its content in hexadecimal digits. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Writes a tar. The same entries give the same bytes: everything belongs to root, and was changed when Unix time began.
 */
export async function writeTar(
  to: string,
  entries: AsyncIterable<TarEntry> | Iterable<TarEntry>,
): Promise<WrittenFile> {
  const tar = pack();
  const hash = createHash('sha256');
  let size = 0;
  const filled = fill(tar, entries).catch((error: unknown) => tar.destroy(error as Error));
  await pipeline(
    tar,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(to),
  );
  await filled;
  return { path: to, digest: `sha256:${hash.digest('hex')}`, size };
}

/** All that is below a folder, sorted by path, so that a folder comes before what is in it. */
export async function* listEntries(folder: string, below = ''): AsyncGenerator<TarEntry> {
  for (const name of (await readdir(join(folder, below))).sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const from = join(folder, path);
    const stats = await lstat(from);
    if (stats.isSymbolicLink()) {
      yield { kind: 'link', path, target: await readlink(from) };
    } else if (stats.isDirectory()) {
      yield { kind: 'folder', path };
      yield* listEntries(folder, path);
    } else {
      yield { kind: 'copy', path, from, executable: (stats.mode & 0o100) !== 0 };
    }
  }
}

async function fill(tar: Pack, entries: AsyncIterable<TarEntry> | Iterable<TarEntry>): Promise<void> {
  for await (const entry of entries) await add(tar, entry);
  tar.finalize();
}

async function add(tar: Pack, entry: TarEntry): Promise<void> {
  const { path: name } = entry;
  switch (entry.kind) {
    case 'folder':
      return addWhole(tar, { name: `${name}/`, type: 'directory', mode: 0o755 });
    case 'link':
      return addWhole(tar, { name, type: 'symlink', linkname: entry.target, mode: 0o777 });
    case 'file':
      return addWhole(tar, { name, mode: modeOf(entry) }, entry.content);
    case 'copy': {
      const { size } = await lstat(entry.from);
      const file = tar.entry({ ...OF_ROOT, name, mode: modeOf(entry), size });
      return pipeline(createReadStream(entry.from), file);
    }
  }
}

const EMPTY = Buffer.alloc(0);
/** What would otherwise differ from machine to machine. */
const OF_ROOT = { uid: 0, gid: 0, mtime: new Date(0) } as const;

function addWhole(tar: Pack, header: Partial<Header> & { readonly name: string }, content?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry({ ...OF_ROOT, ...header }, content ?? EMPTY, (error) => (error ? reject(error) : resolve()));
  });
}

const modeOf = ({ executable }: { readonly executable?: boolean }): number => (executable === true ? 0o755 : 0o644);

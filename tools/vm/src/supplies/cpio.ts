/** One entry of an initramfs. */
export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer; readonly executable: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const MODES = { folder: 0o040755, link: 0o120777, program: 0o100755, file: 0o100644 };

/**
 * Packs entries as the Linux kernel unpacks them (cpio, format newc; Documentation/driver-api/early-userspace). Paths
 * have no leading slash; a folder comes before what is in it. Everything belongs to root.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => packEntry(entry, index + 1));
  return Buffer.concat([...parts, ...packRecord({ path: 'TRAILER!!!', mode: 0, inode: 0, content: Buffer.alloc(0) })]);
}

function packEntry(entry: CpioEntry, inode: number): Buffer[] {
  const { path } = entry;
  switch (entry.kind) {
    case 'folder':
      return packRecord({ path, mode: MODES.folder, inode, content: Buffer.alloc(0) });
    case 'link':
      return packRecord({ path, mode: MODES.link, inode, content: Buffer.from(entry.target) });
    case 'file':
      return packRecord({ path, mode: entry.executable ? MODES.program : MODES.file, inode, content: entry.content });
  }
}

interface CpioRecord {
  readonly path: string;
  readonly mode: number;
  readonly inode: number;
  readonly content: Buffer;
}

function packRecord(record: CpioRecord): Buffer[] {
  const { path, mode, inode, content } = record;
  const name = Buffer.from(`${path}\0`);
  // Inode, mode, uid, gid, links, time, size, device (2), device of the node (2), length of the name, check sum.
  const fields = [inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [header, name, padding(header.length + name.length), content, padding(content.length)];
}

/** Names and contents end on a multiple of four bytes. */
function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}

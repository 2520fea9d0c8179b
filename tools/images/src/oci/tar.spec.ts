import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { extract, type Header } from 'tar-stream';
import { listEntries, writeTar } from './tar.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tar-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Unpacked {
  readonly header: Header;
  readonly content: Buffer;
}

/** The entries of a tar in their order. */
async function unpack(tar: string): Promise<Unpacked[]> {
  const found: Unpacked[] = [];
  const reader = extract();
  reader.end(readFileSync(tar));
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found.push({ header: entry.header, content: Buffer.concat(chunks) });
  }
  return found;
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

describe('the tar of a folder', () => {
  it('has folders before what is in them, programs, links, and nothing of this machine', async () => {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    writeFileSync(join(root, 'usr/bin/ip'), 'program');
    chmodSync(join(root, 'usr/bin/ip'), 0o700);
    writeFileSync(join(root, 'usr/a-text'), 'text');
    symlinkSync('usr/bin', join(root, 'bin'));
    const { path, digest, size } = await writeTar(join(folder, 'root.tar'), listEntries(root));
    expect((await unpack(path)).map(({ header, content }) => ({ ...pick(header), content: String(content) }))).toEqual([
      { name: 'bin', type: 'symlink', mode: 0o777, linkname: 'usr/bin', content: '' },
      { name: 'usr', type: 'directory', mode: 0o755, content: '' },
      { name: 'usr/a-text', type: 'file', mode: 0o644, content: 'text' },
      { name: 'usr/bin', type: 'directory', mode: 0o755, content: '' },
      { name: 'usr/bin/ip', type: 'file', mode: 0o755, content: 'program' },
    ]);
    for (const { header } of await unpack(path)) {
      expect([header.uid, header.gid, header.mtime]).toEqual([0, 0, new Date(0)]);
    }
    const written = readFileSync(path);
    expect([digest, size]).toEqual([`sha256:${sha256(written)}`, written.length]);
  });

  it('fails when an entry cannot be read', async () => {
    const entries = [{ kind: 'copy', path: 'a', from: join(folder, 'none') }] as const;
    await expect(writeTar(join(folder, 'x.tar'), entries)).rejects.toThrow('ENOENT');
  });
});

const pick = ({ name, type, mode, linkname }: Header): object => ({
  name: name.replace(/\/$/, ''),
  type,
  mode,
  ...(linkname && { linkname }),
});

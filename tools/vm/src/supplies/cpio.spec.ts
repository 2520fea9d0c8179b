import { describe, expect, it } from '@jest/globals';
import { packCpio } from './cpio.ts';

/** Reads an archive as the kernel does (init/initramfs.c). */
function unpack(archive: Buffer): { path: string; mode: string; content: string }[] {
  const entries = [];
  for (let at = 0; ;) {
    const field = (index: number): number =>
      parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const [mode, size, nameLength] = [field(1), field(6), field(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameLength - 1);
    const start = (at + 110 + nameLength + 3) & ~3;
    if (path === 'TRAILER!!!') return entries;
    entries.push({ path, mode: mode.toString(8), content: archive.toString('utf8', start, start + size) });
    at = (start + size + 3) & ~3;
  }
}

describe('packCpio', () => {
  it('packs folders, files, programs and links, whatever their length', () => {
    const archive = packCpio([
      { kind: 'folder', path: 'bin' },
      { kind: 'file', path: 'bin/sh', content: Buffer.from('12345'), executable: true },
      { kind: 'file', path: 'empty', content: Buffer.alloc(0), executable: false },
      { kind: 'link', path: 'bin/ash', target: 'sh' },
      { kind: 'file', path: 'größe', content: Buffer.from('abcd'), executable: false },
    ]);
    expect(unpack(archive)).toEqual([
      { path: 'bin', mode: '40755', content: '' },
      { path: 'bin/sh', mode: '100755', content: '12345' },
      { path: 'empty', mode: '100644', content: '' },
      { path: 'bin/ash', mode: '120777', content: 'sh' },
      { path: 'größe', mode: '100644', content: 'abcd' },
    ]);
  });
});

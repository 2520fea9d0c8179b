import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StateFolder } from './state-folder.ts';

describe('the state folder', () => {
  let path: string;
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'state-'));
  });
  afterEach(() => rmSync(path, { recursive: true }));

  it('makes itself, and its files are whole and private', async () => {
    const folder = new StateFolder(join(path, 'deep/er'));
    expect([await folder.read('pci/a'), await folder.list('pci')]).toEqual([undefined, []]);
    await folder.write('pci/b', 'two');
    await folder.write('pci/a', 'one');
    await folder.write('pci/a', 'three');
    expect([await folder.read('pci/a'), await folder.list('pci')]).toEqual(['three', ['a', 'b']]);
    expect(readdirSync(join(path, 'deep/er/pci'))).toEqual(['a', 'b']);
    await folder.remove('pci/a');
    await folder.remove('pci/a');
    expect(await folder.list('pci')).toEqual(['b']);
  });

  it('writes files with the mode that they are to have, and tells whether they can be run', async () => {
    const folder = new StateFolder(path);
    writeFileSync(join(path, 'a.unfinished'), '', { mode: 0o600 });
    const umask = process.umask(0o077);
    await folder.write('a', 'x', 0o755);
    await folder.write('b', 'x', 0o644);
    process.umask(umask);
    const modes = ['a', 'b'].map((name) => (statSync(join(path, name)).mode & 0o777).toString(8));
    expect([modes, await folder.isExecutable('a'), await folder.isExecutable('b')]).toEqual([
      ['755', '644'],
      true,
      false,
    ]);
  });

  it('tells why nothing can be written, which the kernel allows nobody in /proc/sys, and nothing where it can', async () => {
    const refusals = [
      await new StateFolder(join(path, 'deep')).findRefusal('er'),
      await new StateFolder('/proc/sys').findRefusal('not-there'),
    ];
    expect(refusals).toEqual([undefined, expect.stringMatching(/^E(ROFS|ACCES)$/)]);
  });

  it('does not see what a crash left unfinished, and writes over it', async () => {
    const folder = new StateFolder(path);
    writeFileSync(join(path, 'a.unfinished'), 'hal');
    expect(await folder.list('')).toEqual([]);
    await folder.write('a', 'whole');
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('whole');
    expect(readdirSync(path)).toEqual(['a']);
  });

  it('reads no file that would fill the memory, and nothing that is no file', async () => {
    const folder = new StateFolder(path);
    await folder.write('large', '');
    truncateSync(join(path, 'large'), 2 ** 33);
    await expect(folder.read('large')).rejects.toThrow(`large has ${2 ** 33} bytes, and at most 4194304 are read`);
    await folder.write('folder/a', 'x');
    await expect(folder.read('folder')).rejects.toThrow('folder is not a file');
  });

  it('that cannot be written says so, and keeps what it had', async () => {
    writeFileSync(join(path, 'pci'), 'not a folder');
    await expect(new StateFolder(path).write('pci/a', 'x')).rejects.toMatchObject({
      code: expect.stringMatching(/^E/),
    });
    expect(readFileSync(join(path, 'pci'), 'utf8')).toBe('not a folder');
  });
});

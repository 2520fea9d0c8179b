import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFiles } from './write-files.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-files-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('a file about a device', () => {
  it('is written with its folder, for everybody to read', async () => {
    const path = join(folder, 'dp', 'a.json');
    await writeFiles([{ path, content: 'first' }]);
    await writeFiles([{ path, content: 'second' }]);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['second', 0o444]);
    expect(readdirSync(join(folder, 'dp'))).toEqual(['a.json']);
  });

  // Root may write to any file, so a link that leads nowhere stands for what must not be written to.
  it('does not fail by what a process with the same number has left when it was killed', async () => {
    const path = join(folder, 'a.json');
    symlinkSync(join(folder, 'nowhere', 'x'), `${path}.new-${process.pid}`);
    await writeFiles([{ path, content: 'whole' }]);
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['whole', ['a.json']]);
  });

  it('leaves nothing when it cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(writeFiles([{ path: join(folder, 'file', 'a.json'), content: 'x' }])).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['file']);
  });
});

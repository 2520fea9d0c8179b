import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostKernel } from './host-kernel.ts';

/** Files of these tests are root's only where root runs them. */
const isRoot = process.getuid?.() === 0;

describe('HostKernel.read of a file in a folder that everybody may write', () => {
  let folder: string;
  let path: string;
  const kernel = new HostKernel({ hostRoot: '/' });
  const read = (name = path): Promise<string> => kernel.read(name, { ownedByRoot: true });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'owned-'));
    path = join(folder, 'file');
    writeFileSync(path, 'content', { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('gives the content of one of root, and of no other', async () => {
    if (isRoot) expect(await read()).toBe('content');
    else await expect(read()).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('refuses one that others can write', async () => {
    chmodSync(path, 0o666);
    await expect(read()).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('follows no symbolic link', async () => {
    symlinkSync(path, join(folder, 'link'));
    await expect(read(join(folder, 'link'))).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('refuses one that has another name', async () => {
    linkSync(path, join(folder, 'other'));
    await expect(read()).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('does not wait for the writer of a pipe', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(read(join(folder, 'pipe'))).rejects.toMatchObject({ code: 'EPERM' });
  });

  it('says that there is none', async () => {
    await expect(read(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

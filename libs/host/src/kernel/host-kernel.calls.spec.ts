import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BlockingCalls } from './blocking-calls.ts';
import { HostKernel } from './host-kernel.ts';

let folder: string;
let kernel: HostKernel;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-kernel-'));
  kernel = new HostKernel({ hostRoot: folder });
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/file'), 'old content\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a call of HostKernel that comes back', () => {
  it('reads, writes, lists and follows links below the root of the host', async () => {
    symlinkSync('file', join(folder, 'etc/link'));
    expect(await kernel.read('/etc/file')).toBe('old content\n');
    expect(await kernel.read('/etc/file', { deadlineMs: 60_000 })).toBe('old content\n');
    expect(await kernel.readlink('/etc/link')).toBe('file');
    expect(await kernel.list('/etc')).toEqual(['file', 'link']);
  });

  it.each([{}, { deadlineMs: 60_000 }])('writes once, and never creates or empties a file (%j)', async (options) => {
    await kernel.write('/etc/file', 'new', options);
    expect(readFileSync(join(folder, 'etc/file'), 'utf8')).toBe('new content\n');
    await expect(kernel.write('/etc/missing', 'new', options)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('reads the kernel itself without the root of the host', async () => {
    expect(await kernel.read('/proc/self/comm')).not.toBe('');
  });

  it('names the errno of a refusal', async () => {
    await expect(kernel.read('/etc/none')).rejects.toMatchObject({
      name: 'KernelError',
      code: 'ENOENT',
      message: 'read /etc/none: ENOENT',
    });
    await expect(kernel.list('/etc/file')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(kernel.readlink('/etc/file')).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(kernel.read('/etc', { deadlineMs: 60_000 })).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('has few files open at the same time, however many are asked for', async () => {
    const openFiles = (): number => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    const reads = Array.from({ length: 500 }, () => kernel.read('/etc/file'));
    await reads[0];
    expect(openFiles() - before).toBeLessThan(100);
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['old content\n']));
  });

  it('refuses to write nothing, because that does nothing', async () => {
    await expect(kernel.write('/etc/file', '')).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('takes names as they are outside a container', async () => {
    for (const hostRoot of ['', '/']) {
      expect(await new HostKernel({ hostRoot }).read(join(folder, 'etc/file'))).toBe('old content\n');
    }
  });

  it('lists names in their order', async () => {
    for (const name of ['c', 'a', 'b']) writeFileSync(join(folder, 'etc', name), '');
    expect(await kernel.list('/etc')).toEqual(['a', 'b', 'c', 'file']);
  });
});

describe('a command that HostKernel runs', () => {
  it('is run in the plain locale, and how it ended is told', async () => {
    const script = 'cat; echo "$LC_ALL" >&2; exit 3';
    expect(await kernel.exec('sh', ['-c', script], { input: 'in' })).toEqual({
      exitCode: 3,
      stdout: 'in',
      stderr: 'C\n',
    });
  });

  it('tells what killed it', async () => {
    expect(await kernel.exec('sh', ['-c', 'echo out; echo no >&2; kill -TERM $$'])).toEqual({
      exitCode: 128,
      stdout: 'out\n',
      stderr: 'killed by SIGTERM',
    });
  });

  it('need not read its input', async () => {
    const input = 'x'.repeat(1_000_000);
    expect(await kernel.exec('true', [], { input })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('is ended at its deadline', async () => {
    await expect(kernel.exec('sleep', ['1000'], { deadlineMs: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringMatching(/^exec sleep 1000: ETIMEDOUT \(still running after /),
    });
  });

  it('is ended when it says too much', async () => {
    await expect(kernel.exec('head', ['-c', '16777217', '/dev/zero'])).rejects.toMatchObject({
      code: 'EMSGSIZE',
      message: 'exec head -c 16777217 /dev/zero: EMSGSIZE (too much output)',
    });
    expect((await kernel.exec('head', ['-c', '16777216', '/dev/zero'])).stdout).toHaveLength(16_777_216);
  });

  it('is refused when there is none', async () => {
    await expect(kernel.exec('no-such-command', [])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('threads for calls that block', () => {
  it('have a call begin when there is one, so that nobody takes a busy machine for a stuck kernel', async () => {
    const begun: string[] = [];
    const running = new BlockingCalls().run({ verb: 'read', path: join(folder, 'etc/file') }, () => begun.push('call'));
    expect(begun).toEqual([]);
    await running;
    expect(begun).toEqual(['call']);
  });

  it('are one, that starts when it is needed, however many calls come back', async () => {
    const calls = new BlockingCalls();
    const paths = Array.from({ length: 100 }, () => join(folder, 'etc/file'));
    expect(calls.threads).toBe(0);
    const results = await Promise.all(paths.map((path) => calls.run({ verb: 'read', path })));
    expect(results).toEqual(paths.map(() => ({ text: 'old content\n' })));
    const mixed = [
      calls.run({ verb: 'read', path: join(folder, 'etc/none') }),
      calls.run({ verb: 'list', path: join(folder, 'etc') }),
      calls.run({ verb: 'write', path: join(folder, 'etc/file'), value: 'new' }),
      calls.run({ verb: 'read', path: join(folder, 'etc/file') }),
    ];
    expect(await Promise.all(mixed)).toEqual([
      { code: 'ENOENT' },
      { names: ['file'] },
      { text: '' },
      { text: 'new content\n' },
    ]);
  });

  it('do not become more for a long queue of reads, as long as these come back', async () => {
    const calls = new BlockingCalls();
    const reads = Array.from({ length: 10_000 }, () => calls.run({ verb: 'read', path: join(folder, 'etc/file') }));
    await Promise.all(reads);
    // On a busy machine a thread may stand still for a moment.
    expect(calls.threads).toBeLessThan(5);
  });
});

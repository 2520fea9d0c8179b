import { type ChildProcess, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@sriov/testing';
import { BlockingCalls } from './blocking-calls.ts';
import { followProcess } from './follow-process.ts';
import { HostKernel } from './host-kernel.ts';
import { KernelBlockedError } from './kernel.ts';
import { runProcess } from './run-process.ts';
import { UnansweredCalls } from './unanswered-calls.ts';

let folder: string;
let kernel: HostKernel;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-kernel-'));
  kernel = new HostKernel({ hostRoot: folder });
  mkdirSync(join(folder, 'etc'));
  writeFileSync(join(folder, 'etc/file'), 'old content\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A pipe that nobody reads: opening it for writing blocks until somebody does. */
const makePipe = (name: string): string => {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return `/${name}`;
};

describe('HostKernel', () => {
  it('gives up a write that blocks, stays alive, and tells when it came back', async () => {
    const pipe = makePipe('pipe');
    const started = Date.now();
    const failure = await kernel.write(pipe, 'x', { deadlineMs: 50 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(KernelBlockedError);
    const { since, released, code } = failure as KernelBlockedError;
    expect(code).toBe('EBLOCKED');
    expect(since).toBeGreaterThanOrEqual(started);
    openSync(join(folder, 'pipe'), 'r+');
    await released;
  });

  it('goes on serving while more calls are stuck than the process has file threads', async () => {
    const pipes = Array.from({ length: 8 }, (_, index) => makePipe(`pipe${index}`));
    const stuck = await Promise.allSettled(pipes.map((pipe) => kernel.write(pipe, 'x', { deadlineMs: 20 })));
    expect(stuck.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await kernel.read('/etc/file')).toBe('old content\n');
    expect(await kernel.read('/etc/file', { deadlineMs: 60_000 })).toBe('old content\n');
    for (const pipe of pipes) openSync(join(folder, pipe), 'r+');
  });

  it('ends a command, and what it started, at its deadline', async () => {
    const pid = join(folder, 'pid');
    const script = `sleep 1000 & echo $! > ${pid}; wait`;
    await expect(kernel.exec('sh', ['-c', script], { deadlineMs: 1_000 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const commandLine = `/proc/${readFileSync(pid, 'utf8').trim()}/cmdline`;
    // One that nobody has asked how it ended has no command line left.
    await eventually(() => !existsSync(commandLine) || readFileSync(commandLine, 'utf8') === '');
  });

  it('gives up a command that not even SIGKILL ends, does not run it again, and tells when it has ended', async () => {
    const pids: number[] = [];
    const kill = ({ pid = 0 }: ChildProcess): void => void pids.push(pid);
    const failure = await runProcess(['sleep', '1000'], { deadlineMs: 50, kill }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'KernelBlockedError', verb: 'exec', path: 'sleep 1000', waitedMs: 1_050 });
    const calls = new UnansweredCalls();
    const again = (): Promise<string> => calls.make('sleep', () => Promise.resolve('run'));
    await expect(calls.make('sleep', () => Promise.reject(failure as Error))).rejects.toBe(failure);
    await expect(again()).rejects.toBe(failure);
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await (failure as KernelBlockedError).released;
    expect(await again()).toBe('run');
  });

  it('reads what is large, and no file without end', async () => {
    const large = 'ü'.repeat(1_000_000);
    writeFileSync(join(folder, 'etc/file'), large);
    expect(await kernel.read('/etc/file')).toBe(large);
    await expect(kernel.read('/dev/zero')).rejects.toMatchObject({
      name: 'KernelError',
      code: 'EFBIG',
      message: expect.stringContaining('more than 16777216 bytes'),
    });
    expect(await kernel.read('/proc/self/stat')).toMatch(/^\d+ \(/);
  });

  it('gives up reading as well, and asks a stuck file no second time', async () => {
    const pipe = makePipe('unwritten');
    const first = await kernel.read(pipe, { deadlineMs: 50 }).catch((error: unknown) => error);
    expect(first).toMatchObject({ name: 'KernelBlockedError', verb: 'read', path: pipe });
    await expect(kernel.read(pipe, { deadlineMs: 1_000_000_000 })).rejects.toBe(first);
    expect(await kernel.list('/etc')).toEqual(['file']);
    writeFileSync(join(folder, pipe), 'there');
    await (first as KernelBlockedError).released;
  });
});

describe('a command that tells of events', () => {
  it('is followed until it is no longer wanted', async () => {
    const stop = new AbortController();
    let told = 0;
    const following = followProcess(['sh', '-c', 'echo one; exec sleep 1000'], () => (told += 1), stop.signal);
    await eventually(() => told > 0);
    stop.abort();
    await following;
  });

  it('that ends by itself is a failure that says how, and so is one that is not there', async () => {
    const { signal } = new AbortController();
    const ended = followProcess(['sh', '-c', 'echo no >&2; exit 3'], () => undefined, signal);
    await expect(ended).rejects.toMatchObject({
      code: 'ECHILD',
      message: expect.stringContaining('it ended with exit code 3: no'),
    });
    await expect(followProcess(['no-such-command'], () => undefined, signal)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('threads for calls that block', () => {
  it('are there at once for each write, however many others are stuck', async () => {
    const calls = new BlockingCalls();
    const begun = new Set<string>();
    const pipes = Array.from({ length: 12 }, (_, index) => makePipe(`pipe${index}`));
    const stuck = pipes.map((pipe) =>
      calls.run({ verb: 'write', path: join(folder, pipe), value: 'x' }, () => begun.add(pipe)),
    );
    await eventually(() => begun.size === 12);
    expect(calls.threads).toBe(12);
    for (const pipe of pipes) openSync(join(folder, pipe), 'r+');
    await Promise.all(stuck);
  });

  it('are those of the pool as long as some are lent, and the rest of the pool stays free', async () => {
    const calls = new BlockingCalls({ lentThreads: 2 });
    const pipes = Array.from({ length: 3 }, (_, index) => makePipe(`pipe${index}`));
    const stuck = pipes.map((pipe) => calls.run({ verb: 'write', path: join(folder, pipe), value: 'x' }));
    await eventually(() => calls.threads === 1);
    expect(await readFile(join(folder, 'etc/file'), 'utf8')).toBe('old content\n');
    const readers = pipes.map((pipe) => openSync(join(folder, pipe), 'r+'));
    expect(await Promise.all(stuck)).toEqual(pipes.map(() => ({ text: '' })));
    const heard = Buffer.alloc(2);
    expect(readers.map((reader) => readSync(reader, heard))).toEqual([1, 1, 1]);
    writeFileSync(join(folder, 'etc/short'), 'old');
    const write = (name: string): Promise<unknown> =>
      calls.run({ verb: 'write', path: join(folder, name), value: 'new words' });
    expect(await write('etc/short')).toEqual({ text: '' });
    expect(readFileSync(join(folder, 'etc/short'), 'utf8')).toBe('new words');
    expect(await write('etc/none')).toEqual({ code: 'ENOENT' });
    expect(existsSync(join(folder, 'etc/none'))).toBe(false);
  });

  it('make the other reads of a batch all the same when one is stuck', async () => {
    const calls = new BlockingCalls();
    const pipe = join(folder, makePipe('pipe'));
    const read = (path: string): Promise<unknown> => calls.run({ verb: 'read', path });
    const others = (count: number): Promise<unknown>[] =>
      Array.from({ length: count }, () => read(join(folder, 'etc/file')));
    const before = others(5);
    const stuck = read(pipe);
    const results = await Promise.all([...before, ...others(40)]);
    expect(results).toEqual(results.map(() => ({ text: 'old content\n' })));
    // On a busy machine a thread may stand still for a moment.
    expect(calls.threads).toBeLessThan(5);
    writeFileSync(pipe, 'there');
    expect(await stuck).toEqual({ text: 'there' });
  });

  it('end when they are no longer needed', async () => {
    const calls = new BlockingCalls({ idleMs: 1 });
    const pipes = Array.from({ length: 6 }, (_, index) => makePipe(`pipe${index}`));
    const stuck = pipes.map((pipe) => calls.run({ verb: 'write', path: join(folder, pipe), value: 'x' }));
    await eventually(() => calls.threads >= 6);
    for (const pipe of pipes) openSync(join(folder, pipe), 'r+');
    await Promise.all(stuck);
    await eventually(() => calls.threads === 0);
    expect(await calls.run({ verb: 'read', path: join(folder, 'etc/file') })).toEqual({ text: 'old content\n' });
  });
});

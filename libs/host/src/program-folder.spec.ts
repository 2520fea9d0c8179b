import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HostKernel } from './kernel/host-kernel.ts';
import { ProgramFolder } from './program-folder.ts';

const isRoot = process.getuid?.() === 0;

/**
 * The host of these tests has an empty disk: neither a C library nor any other program. Left out for users who may not
 * change their root (chroot), as the daemon does.
 */
(isRoot ? describe : describe.skip)('a program on the host', () => {
  let root: string;
  let script: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'host-'));
    script = join(mkdtempSync(join(tmpdir(), 'script-')), 'main.mjs');
    writeFileSync(script, 'if (process.argv[2] === "--version") console.log(process.version);');
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
    rmSync(join(script, '..'), { recursive: true, force: true });
  });
  const kernel = (): HostKernel => new HostKernel({ hostRoot: root });
  const programs = (): ProgramFolder => new ProgramFolder({ kernel: kernel(), root, path: '/var/lib/sriov', script });

  it('runs there with what runs here, whatever the host has', async () => {
    const name = await programs().name();
    await programs().install(name);
    expect(await programs().list()).toEqual([name]);
    const [command, ...args] = [...(await programs().words(name)), '--version'];
    const { exitCode, stdout } = await kernel().exec(command, args, { onHost: true });
    expect([exitCode, stdout]).toEqual([0, `${process.version}\n`]);
  });

  it('has another name when its script is another one', async () => {
    const before = await programs().name();
    writeFileSync(script, '// another release');
    expect(await programs().name()).not.toBe(before);
    expect(before).toMatch(/^program-[0-9a-f]{16}$/);
  });

  it('is not there if it does not run, and says why', async () => {
    writeFileSync(script, 'process.stderr.write("no such luck\\n"); process.exit(3);');
    await expect(programs().install('program-1')).rejects.toThrow('does not run on this host: ');
    await expect(programs().install('program-1')).rejects.toThrow('no such luck');
    expect(await programs().list()).toEqual([]);
  });

  it('replaces what a crash has left', async () => {
    for (const name of ['program-1', 'program-1.unfinished'])
      mkdirSync(join(root, 'var/lib/sriov', name), { recursive: true });
    await programs().install('program-1');
    expect(await programs().list()).toEqual(['program-1']);
    expect(readdirSync(join(root, 'var/lib/sriov/program-1'))).toContain('main.mjs');
  });

  it('takes its folder along when it is the last, and leaves what is not ours', async () => {
    mkdirSync(join(root, 'var/lib/sriov/program-1'), { recursive: true });
    mkdirSync(join(root, 'var/lib/sriov/other'));
    await programs().remove('program-1');
    expect(await programs().list()).toEqual(['other']);
    await programs().remove('other');
    expect(existsSync(join(root, 'var/lib/sriov'))).toBe(false);
    await programs().remove('other');
    expect(await programs().list()).toEqual([]);
  });
});

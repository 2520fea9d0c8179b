import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findFaults } from './contents.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'contents-spec-'));
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const add = (path: string, content: Buffer | string, mode: number): void => {
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
};
/** The head of an ELF file. @param machine 62 for amd64, 183 for arm64 */
const program = (machine: number): Buffer => {
  const head = Buffer.alloc(64);
  head.write('\x7fELF', 'latin1');
  head.writeUInt16LE(machine, 18);
  return head;
};
/** Tests need not run as root, whose the files of an image are. */
const faults = async (): Promise<string[]> =>
  (await findFaults(root, 'amd64')).filter((fault) => !fault.includes('belongs to'));

describe('the content of an image', () => {
  it('is fine with programs, data and links', async () => {
    add('usr/bin/ip', program(62), 0o755);
    add('usr/data', 'text', 0o644);
    symlinkSync('usr/bin', join(root, 'bin'));
    expect(await faults()).toEqual([]);
  });

  it.each<[string, () => void, string]>([
    ['a shell', () => add('usr/bin/sh', program(62), 0o755), '/usr/bin/sh should not be there'],
    ['a link that is a shell', () => symlinkSync('x', join(root, 'usr/bin/bash')), '/usr/bin/bash should not be there'],
    ['a script', () => add('usr/bin/x', '#!/bin/sh', 0o755), '/usr/bin/x is a script'],
    ['a program of another machine', () => add('usr/bin/x', program(183), 0o755), '/usr/bin/x is not for amd64'],
    ['a program that runs as its owner', () => add('usr/bin/x', program(62), 0o4755), '/usr/bin/x runs as its owner'],
    ['a file that all can write', () => add('usr/x', '', 0o666), '/usr/x can be written by all'],
    ['a file that only its owner reads', () => add('usr/x', '', 0o600), '/usr/x cannot be read by all'],
  ])('is not fine with %s', async (_, make, fault) => {
    make();
    expect(await faults()).toEqual([fault]);
  });
});

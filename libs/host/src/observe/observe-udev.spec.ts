import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ObservedUdev } from '@sriov/observed-host';
import { StateFolder } from '../state-folder.ts';
import { TestKernel } from '../test/test-kernel.ts';
import { observeUdev } from './observe-udev.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'udev-'));
});
afterEach(() => rmSync(path, { recursive: true }));

const look = (sockets: readonly string[] = ['control']): Promise<ObservedUdev> => {
  const files = Object.fromEntries(sockets.map((name) => [`/run/udev/${name}`, '']));
  const isOurs = (file: string): boolean => file.includes('ours');
  return observeUdev(new TestKernel({ files }), { folder: new StateFolder(path), isOurs });
};

describe('udev', () => {
  it('is seen with the files that are ours, and no others', async () => {
    mkdirSync(join(path, 'rules.d'));
    writeFileSync(join(path, 'rules.d/10-ours.rules'), 'a');
    writeFileSync(join(path, 'rules.d/70-others.rules'), 'b');
    writeFileSync(join(path, 'ours.sh'), 'c', { mode: 0o755 });
    expect(await look()).toEqual({
      isRunning: true,
      files: new Map([
        ['ours.sh', { content: 'c', isExecutable: true }],
        ['rules.d/10-ours.rules', { content: 'a', isExecutable: false }],
      ]),
    });
  });

  it.each([
    ['its control socket', ['control'], true],
    ['the socket of newer versions', ['io.systemd.Udev'], true],
    ['neither', ['data'], false],
  ])('runs where there is %s', async (_, sockets, isRunning) => {
    expect(await look(sockets)).toEqual({ isRunning, files: new Map() });
  });

  it('hides nothing but itself where a file cannot be read', async () => {
    mkdirSync(join(path, 'rules.d/ours.rules'), { recursive: true });
    expect(await look()).toMatchObject({ refusal: expect.stringMatching(/cannot be looked at.*is not a file/) });
  });
});

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { platformName } from '../platform.ts';
import { type Program, VERSIONS } from '../versions.ts';
import { type Download } from './download.ts';
import { envtestArchive } from './envtest-archive.ts';

const release = `v${VERSIONS.kubernetes}`;
const file = `envtest-${release}-${platformName()}.tar.gz`;
let folder: string;
let archive: Buffer;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'envtest-spec-'));
  const bin = join(folder, 'controller-tools/envtest');
  mkdirSync(bin, { recursive: true });
  for (const program of ['etcd', 'kube-apiserver', 'kubectl']) {
    writeFileSync(join(bin, program), `#!/bin/sh\necho ${program}\n`);
    chmodSync(join(bin, program), 0o755);
  }
  execFileSync('tar', ['-czf', join(folder, file), '-C', folder, 'controller-tools']);
  archive = readFileSync(join(folder, file));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const indexed = (hash: string): Download => {
  const index = stringify({ releases: { [release]: { [file]: { hash, selfLink: 'https://archive.test/it' } } } });
  return (url) => Promise.resolve(url === 'https://archive.test/it' ? archive : Buffer.from(index));
};
const supply = (read: Download, ...needs: readonly Program[]): Promise<void> => {
  const workFolder = join(folder, 'work');
  mkdirSync(workFolder);
  return envtestArchive(read).supply({ needs, folder: cache(), workFolder, onProgress: () => undefined });
};
const cache = (): string => join(folder, 'cache');

describe('the envtest archive', () => {
  it('is unpacked into the cache when its hash is right', async () => {
    await supply(indexed(createHash('sha512').update(archive).digest('hex')), 'etcd', 'kube-apiserver');
    expect(readdirSync(cache()).sort()).toEqual(['etcd', 'kube-apiserver', 'kubectl']);
    expect(execFileSync(join(cache(), 'etcd')).toString()).toBe('etcd\n');
  });

  it('gives what it has when the controller manager is needed as well', async () => {
    const hash = createHash('sha512').update(archive).digest('hex');
    await supply(indexed(hash), 'kube-apiserver', 'kube-controller-manager');
    expect(readdirSync(cache()).sort()).toEqual(['kube-apiserver', 'kubectl']);
  });

  it('is refused when its hash is wrong, and leaves nothing in the cache', async () => {
    await expect(supply(indexed('00'), 'etcd')).rejects.toThrow(
      /is not what its index says: SHA-512 [0-9a-f]{128}, not 00/,
    );
    expect(existsSync(cache())).toBe(false);
  });

  it.each(['releases: {}', '', 'releases: {v0.0.1: {}}'])('is not there when the index is %p', async (index) => {
    await expect(supply(() => Promise.resolve(Buffer.from(index)), 'etcd')).rejects.toThrow(`lists no ${file}`);
  });

  it('says at once that it has no controller manager', async () => {
    const untouched: Download = () => Promise.reject(new Error('downloaded'));
    await expect(supply(untouched, 'kube-controller-manager')).rejects.toThrow('it has no kube-controller-manager');
  });
});

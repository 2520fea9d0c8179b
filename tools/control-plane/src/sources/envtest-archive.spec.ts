import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { platformName } from '../platform.ts';
import { VERSIONS } from '../versions.ts';
import { envtestArchive, type Fetch } from './envtest-archive.ts';

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

const indexed = (hash: string): Fetch => {
  const index = stringify({ releases: { [release]: { [file]: { hash, selfLink: 'https://archive.test/it' } } } });
  return (url) => Promise.resolve(url === 'https://archive.test/it' ? archive : Buffer.from(index));
};
const find = (fetchBytes: Fetch, needs: readonly ('etcd' | 'kube-controller-manager')[] = ['etcd']): Promise<unknown> =>
  envtestArchive(fetchBytes).find({ needs, cacheFolder: join(folder, 'cache'), onProgress: () => undefined });

describe('the envtest archive', () => {
  it('is unpacked into the cache when its hash is right', async () => {
    const hash = createHash('sha512').update(archive).digest('hex');
    expect(await find(indexed(hash))).toEqual({ etcd: join(folder, 'cache/etcd') });
    expect(execFileSync(join(folder, 'cache/etcd')).toString()).toBe('etcd\n');
  });

  it('is refused when its hash is wrong', async () => {
    await expect(find(indexed('00'))).rejects.toThrow(/is not what its index says: SHA-512 [0-9a-f]{128}, not 00/);
  });

  it('is not there for a platform that the index lacks', async () => {
    await expect(find(() => Promise.resolve(Buffer.from('releases: {}')))).rejects.toThrow(`lists no ${file}`);
  });

  it('says at once that it has no controller manager', async () => {
    const untouched: Fetch = () => Promise.reject(new Error('fetched'));
    await expect(find(untouched, ['kube-controller-manager'])).rejects.toThrow('holds no kube-controller-manager');
  });
});

import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { installPrograms } from '../install.ts';
import { platformName } from '../platform.ts';
import { runCommand } from '../run-command.ts';
import { type Binaries, type Source, type SourceRequest } from '../source.ts';
import { VERSIONS } from '../versions.ts';
import { findInFolder } from './folder.ts';

/** The index of the official archives, kept in the controller-tools repository. */
const INDEX = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';
/** Without a network this has to fail before people wonder; a small text needs no longer with one. */
const INDEX_MS = 5_000;
const ARCHIVE_MS = 300_000;

/** Reads a URL whole. @throws Error that says why it cannot. */
export type Fetch = (url: string, timeoutMs: number) => Promise<Uint8Array>;

/** The official envtest archive: etcd, kube-apiserver and kubectl, without a controller manager. */
export function envtestArchive(fetchBytes: Fetch = fetchUrl): Source {
  return {
    name: 'the official envtest archive',
    async find(request) {
      if (request.needs.includes('kube-controller-manager')) {
        throw new Error('the archive holds no kube-controller-manager');
      }
      const { url, hash } = await findRelease(fetchBytes);
      request.onProgress(`downloading ${url}`);
      const archive = await fetchBytes(url, ARCHIVE_MS);
      const actual = createHash('sha512').update(archive).digest('hex');
      if (actual !== hash) throw new Error(`${url} is not what its index says: SHA-512 ${actual}, not ${hash}`);
      return unpack(archive, request);
    },
  };
}

async function findRelease(fetchBytes: Fetch): Promise<{ url: string; hash: string }> {
  const index = parse(new TextDecoder().decode(await fetchBytes(INDEX, INDEX_MS))) as {
    releases?: Record<string, Record<string, { hash?: string; selfLink?: string }>>;
  };
  const release = `v${VERSIONS.kubernetes}`;
  const file = `envtest-${release}-${platformName()}.tar.gz`;
  const { hash, selfLink } = index.releases?.[release]?.[file] ?? {};
  if (!hash || !selfLink) throw new Error(`the index lists no ${file}`);
  return { url: selfLink, hash };
}

async function unpack(archive: Uint8Array, request: SourceRequest): Promise<Binaries> {
  const folder = await mkdtemp(join(tmpdir(), 'sriov-envtest-'));
  try {
    const file = join(folder, 'archive.tar.gz');
    await writeFile(file, archive);
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await runCommand('tar', ['-xzf', file, '-C', bin, '--strip-components=2']);
    return await installPrograms(await findInFolder(bin, request.needs), request.cacheFolder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchUrl(url: string, timeoutMs: number): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const error = cause as Error & { cause?: Error };
    throw new Error(`cannot download ${url}: ${error.cause?.message ?? error.message}`, { cause });
  }
}

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { installPrograms } from '../install.ts';
import { platformName } from '../platform.ts';
import { withProgress } from '../progress.ts';
import { runCommand } from '../run-command.ts';
import { type Supplier, type SupplyRequest } from '../source.ts';
import { type Program, VERSIONS } from '../versions.ts';
import { download, type Download } from './download.ts';
import { listFolder } from './folder.ts';

/** The index of the official archives, kept in the controller-tools repository. */
const INDEX = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';
/** The archives by release and file name. */
const indexSchema = z.object({
  releases: z.record(
    z.string(),
    z.record(z.string(), z.object({ hash: z.string().optional(), selfLink: z.string().optional() })),
  ),
});
/** Without a network this has to fail before people wonder. */
const INDEX_STALL_MS = 5_000;
const ARCHIVE_STALL_MS = 30_000;

/** The archive has kubectl as well, and no controller manager. */
const CONTENTS: readonly Program[] = ['etcd', 'kube-apiserver'];

/** The official envtest archive. It is used only when its SHA-512 is that of the index. */
export function envtestArchive(read: Download = download): Supplier {
  return {
    name: 'the official envtest archive',
    async supply(request) {
      const wanted = request.needs.filter((program) => CONTENTS.includes(program));
      if (wanted.length === 0) throw new Error(`it has no ${request.needs.join(', ')}`);
      const { url, hash } = await findRelease(read);
      const archive = await readArchive(read, url, request.onProgress);
      const actual = createHash('sha512').update(archive).digest('hex');
      if (actual !== hash) throw new Error(`${url} is not what its index says: SHA-512 ${actual}, not ${hash}`);
      await unpack(archive, wanted, request);
    },
  };
}

async function findRelease(read: Download): Promise<{ url: string; hash: string }> {
  const text = new TextDecoder().decode(await read(INDEX, { stallMs: INDEX_STALL_MS }));
  const index = indexSchema.safeParse(parse(text)).data;
  const release = `v${VERSIONS.kubernetes}`;
  const file = `envtest-${release}-${platformName()}.tar.gz`;
  const { hash, selfLink } = index?.releases[release]?.[file] ?? {};
  if (!hash || !selfLink) throw new Error(`the index lists no ${file}`);
  return { url: selfLink, hash };
}

async function readArchive(read: Download, url: string, onProgress: (line: string) => void): Promise<Uint8Array> {
  onProgress(`downloading ${url}`);
  let bytes = 0;
  return withProgress(
    (seconds) => onProgress(`  ${Math.round(bytes / 1_000_000)} MB after ${seconds} s`),
    () => read(url, { stallMs: ARCHIVE_STALL_MS, onBytes: (count) => (bytes += count) }),
  );
}

async function unpack(
  archive: Uint8Array,
  programs: readonly Program[],
  { folder, workFolder }: SupplyRequest,
): Promise<void> {
  const file = join(workFolder, 'archive.tar.gz');
  await writeFile(file, archive);
  const bin = join(workFolder, 'bin');
  await mkdir(bin);
  await runCommand('tar', ['-xzf', file, '-C', bin, '--strip-components=2']);
  await installPrograms(await listFolder(bin, programs), folder);
}

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type WrittenFile, writeTar } from '@sriov/images';
import { extract, type Header } from 'tar-stream';
import { z } from 'zod';
import { writeImageArchive } from './image-archive.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'images-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Unpacked {
  readonly header: Header;
  readonly content: Buffer;
}

/** The entries of a tar in their order. */
async function unpack(tar: string): Promise<Unpacked[]> {
  const found: Unpacked[] = [];
  const reader = extract();
  reader.end(readFileSync(tar));
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    found.push({ header: entry.header, content: Buffer.concat(chunks) });
  }
  return found;
}

const layerWith = (name: string, text: string): Promise<WrittenFile> =>
  writeTar(join(folder, `${name}.tar`), [{ kind: 'file', path: name, content: Buffer.from(text) }]);
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const indexSchema = z.object({
  manifests: z.array(descriptor.extend({ annotations: z.record(z.string(), z.string()) })),
});
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
const configSchema = z.object({
  config: z.object({ Entrypoint: z.array(z.string()), Env: z.array(z.string()) }),
  rootfs: z.object({ diff_ids: z.array(z.string()) }),
});

describe('an archive of images', () => {
  it('leads from each name to its command and its layers, and has what images share once', async () => {
    const [base, app] = [await layerWith('base', 'shared'), await layerWith('app', 'own')];
    const { path } = await writeImageArchive(join(folder, 'images.tar'), [
      { name: 'localhost/one:1', layers: [base, app], entrypoint: ['/app'], env: ['A=b'] },
      { name: 'localhost/two:1.2', layers: [base], entrypoint: ['/pause', 'x'] },
    ]);
    const files = new Map((await unpack(path)).map(({ header, content }) => [header.name, content]));
    const blobs = [...files].filter(([name]) => /^blobs\/sha256\/./.test(name));
    for (const [name, content] of blobs) expect(name).toBe(`blobs/sha256/${sha256(content)}`);
    // Two layers, two configurations, two manifests.
    expect(blobs).toHaveLength(6);
    expect(String(files.get('oci-layout'))).toBe('{"imageLayoutVersion":"1.0.0"}');
    const blob = ({ digest, size }: z.infer<typeof descriptor>): unknown => {
      const content = files.get(`blobs/${digest.replace(':', '/')}`)!;
      expect(content).toHaveLength(size);
      return JSON.parse(String(content));
    };
    const index = indexSchema.parse(JSON.parse(String(files.get('index.json'))));
    const images = index.manifests.map((each) => {
      const { config: of, layers } = manifestSchema.parse(blob(each));
      const { config, rootfs } = configSchema.parse(blob(of));
      expect(rootfs.diff_ids).toEqual(layers.map(({ digest }) => digest));
      return { name: each.annotations['io.containerd.image.name'], ...config, layers: rootfs.diff_ids };
    });
    const searched = 'PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    expect(images).toEqual([
      { name: 'localhost/one:1', Entrypoint: ['/app'], Env: [searched, 'A=b'], layers: [base.digest, app.digest] },
      { name: 'localhost/two:1.2', Entrypoint: ['/pause', 'x'], Env: [searched], layers: [base.digest] },
    ]);
  });

  it('has the same bytes each time', async () => {
    const layers = [await layerWith('a', 'x'.repeat(100_000))];
    const images = [{ name: 'localhost/a:1', layers, entrypoint: ['/a'] }];
    const first = await writeImageArchive(join(folder, 'first.tar'), images);
    const second = await writeImageArchive(join(folder, 'second.tar'), images);
    expect(second.digest).toBe(first.digest);
  });
});

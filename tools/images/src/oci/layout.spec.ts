import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { downloadSize, readImage, writeArchive } from './layout.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'layout-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LABELS = { 'org.opencontainers.image.title': 'pump', 'org.opencontainers.image.licenses': 'MIT', other: 'x' };

/** A layout with one image, as a builder writes it. */
function buildLayout(architecture: string, labels: Record<string, string> = LABELS): string {
  const layout = join(folder, architecture);
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const add = (content: string): object => {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(layout, 'blobs/sha256', hash), content);
    return { mediaType: 'x', digest: `sha256:${hash}`, size: content.length };
  };
  const config = add(JSON.stringify({ architecture, config: { User: '65532:65532', Labels: labels } }));
  const manifest = { config, layers: [add('shared'), add(architecture)], annotations: { builder: 'private' } };
  const annotations = { 'org.opencontainers.image.ref.name': 'pump' };
  const index = { manifests: [{ ...add(JSON.stringify(manifest)), annotations }] };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  return layout;
}

async function unpack(tar: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  reader.end(readFileSync(tar));
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    if (entry.header.type === 'file') files.set(entry.header.name, Buffer.concat(chunks));
  }
  return files;
}

const linkSchema = z.looseObject({ digest: z.string(), platform: z.unknown().optional() });
const listSchema = z.object({ manifests: z.array(linkSchema) });

describe('an image of a layout', () => {
  it('has its size, its user, and its labels of the specification as annotations', async () => {
    const image = await readImage(buildLayout('amd64'), 'pump');
    expect(image).toMatchObject({ user: '65532:65532', architecture: 'amd64', labels: LABELS });
    expect(downloadSize(image)).toBe('shared'.length + 'amd64'.length);
    expect(JSON.parse(String(image.manifest.content))).toHaveProperty('annotations', {
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.title': 'pump',
    });
  });

  it('is missed when the layout does not have it', async () => {
    await expect(readImage(buildLayout('amd64'), 'tap')).rejects.toThrow('has no image tap');
  });
});

describe('an archive', () => {
  it('of one architecture leads to the manifest', async () => {
    const image = await readImage(buildLayout('amd64'), 'pump');
    const { path, imageDigest } = await writeArchive(join(folder, 'a.tar'), [image], 'localhost/pump:1');
    const files = await unpack(path);
    const [top] = listSchema.parse(JSON.parse(String(files.get('index.json')))).manifests;
    expect(top).toMatchObject({
      digest: image.manifest.digest,
      annotations: {
        'io.containerd.image.name': 'localhost/pump:1',
        'org.opencontainers.image.ref.name': '1',
      },
    });
    expect(imageDigest).toBe(image.manifest.digest);
  });

  it('of two leads to both over an index, has common layers once, and every blob under its hash', async () => {
    const images = await Promise.all(['amd64', 'arm64'].map((name) => readImage(buildLayout(name), 'pump')));
    const { path, imageDigest } = await writeArchive(join(folder, 'a.tar'), images, 'localhost/pump:1');
    const files = await unpack(path);
    const blobs = [...files].filter(([name]) => name.startsWith('blobs/'));
    for (const [name, content] of blobs) {
      expect(name).toBe(`blobs/sha256/${createHash('sha256').update(content).digest('hex')}`);
    }
    // Three layers, two configurations, two manifests, one index.
    expect(blobs).toHaveLength(8);
    const index = files.get(`blobs/${imageDigest.replace(':', '/')}`)!;
    expect(
      listSchema.parse(JSON.parse(String(index))).manifests.map(({ digest, platform }) => [digest, platform]),
    ).toEqual(images.map(({ manifest, architecture }) => [manifest.digest, { architecture, os: 'linux' }]));
  });

  it('has the same bytes each time', async () => {
    const image = await readImage(buildLayout('amd64'), 'pump');
    const write = (name: string): ReturnType<typeof writeArchive> =>
      writeArchive(join(folder, name), [image], 'localhost/pump:1');
    expect((await write('a.tar')).digest).toBe((await write('b.tar')).digest);
  });
});

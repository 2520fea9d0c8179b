import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type TarEntry, type WrittenFile, writeTar } from './tar.ts';

const descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const indexSchema = z.object({
  manifests: z.array(descriptor.extend({ annotations: z.record(z.string(), z.string()).default({}) })),
});
const manifestSchema = z.object({ config: descriptor, layers: z.array(descriptor) });
const configSchema = z.object({
  architecture: z.string(),
  config: z.object({
    User: z.string().default(''),
    Env: z.array(z.string()).default([]),
    Entrypoint: z.array(z.string()).default([]),
    Labels: z.record(z.string(), z.string()).default({}),
  }),
});

type Descriptor = z.output<typeof descriptor>;

/** An image of an OCI image layout. */
export interface BuiltImage {
  /** Folder of the layout. */
  readonly layout: string;
  /** Its manifest, as the archive has it. */
  readonly manifest: Descriptor & { readonly content: Buffer };
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly architecture: string;
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const REFERENCE = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/**
 * Reads an image of a layout (image-layout.md of the OCI image specification 1.1). Its manifest gets the labels of the
 * specification as annotations, which registries show, and no others: those of a builder name what only it knows.
 * @throws Error when the layout has none of that name
 */
export async function readImage(layout: string, reference: string): Promise<BuiltImage> {
  const index = indexSchema.parse(JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')));
  const found = index.manifests.find(({ annotations }) => annotations[REFERENCE] === reference);
  if (found === undefined) throw new Error(`${layout} has no image ${reference}`);
  const read = async ({ digest }: Descriptor): Promise<unknown> =>
    JSON.parse(await readFile(join(layout, blobPath(digest)), 'utf8'));
  const { config, layers } = manifestSchema.parse(await read(found));
  const { architecture, config: settings } = configSchema.parse(await read(config));
  const annotations = pickAnnotations(settings.Labels);
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers, annotations }));
  return {
    layout,
    manifest: { mediaType: MANIFEST, digest: digestOf(content), size: content.length, content },
    config,
    layers,
    architecture,
    user: settings.User,
    env: settings.Env,
    entrypoint: settings.Entrypoint,
    labels: settings.Labels,
  };
}

function pickAnnotations(labels: Readonly<Record<string, string>>): Record<string, string> {
  const known = Object.entries(labels).filter(([key]) => key.startsWith('org.opencontainers.image.'));
  return Object.fromEntries(known.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Bytes that somebody downloads who has none of its layers. */
export const downloadSize = ({ layers }: BuiltImage): number => layers.reduce((sum, { size }) => sum + size, 0);

/**
 * Writes one image, for one or more architectures, as an OCI archive. `podman load`, `ctr images import` and
 * `skopeo copy` take it. The same images give the same bytes. @param name with registry and tag
 * @returns the archive, and the digest by which a registry will know the image
 */
export async function writeArchive(
  to: string,
  images: readonly BuiltImage[],
  name: string,
): Promise<WrittenFile & { readonly imageDigest: string }> {
  const files = new Map<string, TarEntry>();
  const addContent = (path: string, content: Buffer): void => void files.set(path, { kind: 'file', path, content });
  for (const { layout, manifest, config, layers } of images) {
    addContent(blobPath(manifest.digest), manifest.content);
    for (const { digest } of [config, ...layers]) {
      const path = blobPath(digest);
      files.set(path, { kind: 'copy', path, from: join(layout, path) });
    }
  }
  const manifests = images.map(({ manifest: { mediaType, digest, size }, architecture }) => ({
    ...{ mediaType, digest, size },
    platform: { architecture, os: 'linux' },
  }));
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
  const [only, another] = manifests;
  const ofAll = { mediaType: INDEX, digest: digestOf(content), size: content.length };
  const top = only !== undefined && another === undefined ? only : ofAll;
  if (top === ofAll) addContent(blobPath(ofAll.digest), content);
  const annotations = { [CONTAINERD_NAME]: name, [REFERENCE]: name.slice(name.lastIndexOf(':') + 1) };
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...top, annotations }] };
  addContent('index.json', Buffer.from(JSON.stringify(index)));
  addContent('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })));
  const folders: TarEntry[] = ['blobs', 'blobs/sha256'].map((path) => ({ kind: 'folder', path }));
  const entries = [...folders, ...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { ...(await writeTar(to, entries)), imageDigest: top.digest };
}

const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const digestOf = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;

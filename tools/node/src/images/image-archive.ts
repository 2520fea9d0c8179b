import { createHash } from 'node:crypto';
import { type TarEntry, type WrittenFile, writeTar } from '@sriov/images';

/** An image for containers of Linux on amd64. */
export interface Image {
  /** Name with a registry and a tag, as a pod names it: `localhost/pause:1`. */
  readonly name: string;
  /** Uncompressed tars, the lowest first. */
  readonly layers: readonly WrittenFile[];
  /** Command that a container runs; the arguments of a pod follow it. */
  readonly entrypoint: readonly string[];
  /** Environment, each `NAME=value`. */
  readonly env?: readonly string[];
}

/** One part of an image as the others name it: an OCI descriptor. */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/**
 * Writes a tar that `ctr images import` takes, with one or more images: an OCI image layout (image-layout.md of the OCI
 * image specification 1.1). A layer that several images have is there once. The same images give the same bytes.
 */
export async function writeImageArchive(to: string, images: readonly Image[]): Promise<WrittenFile> {
  const layout = new Layout();
  const manifests = images.map((image) => layout.addImage(image));
  layout.add('index.json', jsonOf({ schemaVersion: 2, mediaType: TYPES.index, manifests }));
  return writeTar(to, layout.entries());
}

/** What an archive will hold, by path. */
class Layout {
  readonly #entries = new Map<string, TarEntry>([
    ['blobs', { kind: 'folder', path: 'blobs' }],
    ['blobs/sha256', { kind: 'folder', path: 'blobs/sha256' }],
  ]);

  constructor() {
    this.add('oci-layout', jsonOf({ imageLayoutVersion: '1.0.0' }));
  }

  add(path: string, content: Buffer): void {
    this.#entries.set(path, { kind: 'file', path, content });
  }

  /** @returns the entry of the image in the index */
  addImage({ name, layers, entrypoint, env = [] }: Image): Descriptor & { readonly annotations: object } {
    const config = this.#addJson(TYPES.config, {
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: entrypoint, Env: ['PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env] },
      // Uncompressed, a layer's digest is also that of its content.
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    });
    for (const { digest, path: from } of layers) {
      const path = blobPath(digest);
      this.#entries.set(path, { kind: 'copy', path, from });
    }
    const descriptors = layers.map(({ digest, size }) => ({ mediaType: TYPES.layer, digest, size }));
    const manifest = { schemaVersion: 2, mediaType: TYPES.manifest, config, layers: descriptors };
    // containerd names the image by the first annotation, other engines by the second, which is its tag alone.
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tagOf(name) };
    return { ...this.#addJson(TYPES.manifest, manifest), annotations };
  }

  entries(): TarEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #addJson(mediaType: string, value: object): Descriptor {
    const content = jsonOf(value);
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    this.add(blobPath(digest), content);
    return { mediaType, digest, size: content.length };
  }
}

const jsonOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
const tagOf = (name: string): string => name.slice(name.lastIndexOf(':') + 1);

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPERATOR_VERSION } from '@sriov/api';
import { cacheFolder, runCommand, withLock } from '@sriov/control-plane';
import { type BuiltImage, readImage, writeArchive } from '../oci/layout.ts';
import { type Architecture, IMAGES, type ImageRecipe } from '../recipe.ts';
import { layOutRoots, type LaidOut } from '../roots/lay-out.ts';
import { type BundledApp, bundleForImage, layOutApp } from './apps.ts';
import { Buildah, type BuildahProgram, getBuildah } from './buildah.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** What is built, and where it goes. */
export interface BuildOptions {
  readonly architectures: readonly Architecture[];
  readonly images: readonly ImageRecipe[];
  /** Folder that gets the archives. */
  readonly into: string;
  /** Registry and path before the names of the images. */
  readonly registry: string;
  /** Image to build on instead of our own base, with its digest. */
  readonly base?: string | undefined;
  readonly onProgress: (line: string) => void;
}

/** One image that has been built. */
export interface Built {
  readonly recipe: ImageRecipe;
  /** Its name with registry and tag. */
  readonly name: string;
  /** The image of each architecture. */
  readonly images: readonly BuiltImage[];
  /** Path of the archive with all architectures. */
  readonly archive: string;
  /** By which a registry knows it. */
  readonly digest: string;
}

/** What the Dockerfile copies, and what it was made from. */
export interface Context {
  readonly folder: string;
  readonly apps: ReadonlyMap<string, BundledApp>;
  readonly roots: ReadonlyMap<Architecture, LaidOut>;
}

/** Lays out the context of the Dockerfile. @param folder that gets it; what it has is removed */
export async function layOutContext(folder: string, options: BuildOptions): Promise<Context> {
  const { architectures, images, onProgress } = options;
  const cache = join(cacheFolder(), 'images');
  await mkdir(cache, { recursive: true });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const bundles = await mkdtemp(join(tmpdir(), 'sriov-bundles-'));
  const tellWait = (holder: string): void => onProgress(`waiting for process ${holder}: it fills the same cache`);
  try {
    onProgress('bundling the apps');
    const apps = new Map<string, BundledApp>();
    for (const { name } of images) apps.set(name, await bundleForImage(name, bundles));
    const roots = new Map<Architecture, LaidOut>();
    for (const architecture of architectures) {
      const context = join(folder, architecture);
      const layOut = (): Promise<LaidOut> => layOutRoots(context, { cache, architecture, onProgress });
      roots.set(architecture, await withLock(join(cache, '.lock'), tellWait, layOut));
      await layOutApps(apps, { images, architecture, context });
    }
    return { folder, apps, roots };
  } finally {
    await rm(bundles, { recursive: true });
  }
}

async function layOutApps(
  apps: ReadonlyMap<string, BundledApp>,
  { images, architecture, context }: Pick<BuildOptions, 'images'> & { architecture: Architecture; context: string },
): Promise<void> {
  for (const image of images) {
    const app = apps.get(image.name);
    if (app !== undefined) await layOutApp(app, { image, architecture, context });
  }
}

/** Builds images from a context by the Dockerfile, without a container engine. */
export async function buildImages(context: Context, options: BuildOptions): Promise<Built[]> {
  const cache = join(cacheFolder(), 'images');
  const program = await getBuildah(cache, options.onProgress);
  const work = await mkdtemp(join(tmpdir(), 'sriov-images-'));
  try {
    const layouts = new Map<Architecture, string>();
    for (const architecture of options.architectures) {
      layouts.set(architecture, await buildLayout(context, { ...options, architecture, program, work }));
    }
    await mkdir(options.into, { recursive: true });
    return await Promise.all(options.images.map((recipe) => archive(recipe, layouts, options)));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface LayoutOptions extends BuildOptions {
  readonly architecture: Architecture;
  readonly program: BuildahProgram;
  readonly work: string;
}

/** Builds the images of one architecture into a common layout, which has their common layers once. */
async function buildLayout(context: Context, options: LayoutOptions): Promise<string> {
  const { architecture, program, work, images, onProgress } = options;
  const layout = join(options.into, 'layouts', architecture);
  await rm(layout, { recursive: true, force: true });
  await mkdir(layout, { recursive: true });
  const buildah = await Buildah.create(program, join(work, architecture));
  const where = { dockerfile: join(ROOT, 'Dockerfile'), context: context.folder, architecture };
  const base = options.base ?? (await buildah.build({ target: 'base', arguments: {} }, where));
  const given = { BASE: base, VERSION: OPERATOR_VERSION, REVISION: await readRevision() };
  for (const { name } of images) {
    onProgress(`${architecture}: building ${name}`);
    await buildah.push(await buildah.build({ target: name, arguments: given }, where), layout, name);
  }
  return layout;
}

async function archive(
  recipe: ImageRecipe,
  layouts: ReadonlyMap<Architecture, string>,
  { into, registry }: BuildOptions,
): Promise<Built> {
  const images = await Promise.all([...layouts.values()].map((layout) => readImage(layout, recipe.name)));
  const name = `${registry}/${recipe.name}:${OPERATOR_VERSION}`;
  const path = join(into, `${recipe.name}.tar`);
  const { imageDigest: digest } = await writeArchive(path, images, name);
  return { recipe, name, images, archive: path, digest };
}

/** The commit of the checkout, with a mark when files differ from it. */
async function readRevision(): Promise<string> {
  const commit = await runCommand('git', ['rev-parse', 'HEAD'], { cwd: ROOT });
  const changes = await runCommand('git', ['status', '--porcelain'], { cwd: ROOT });
  return `${commit.trim()}${changes === '' ? '' : '-modified'}`;
}

/** Names of all images. */
export const IMAGE_NAMES: readonly string[] = IMAGES.map(({ name }) => name);

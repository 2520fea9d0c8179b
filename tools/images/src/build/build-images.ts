import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { OPERATOR_VERSION } from '@sriov/api';
import { cacheFolder, runCommand, withLock } from '@sriov/control-plane';
import { type BuiltImage, readImage, writeArchive } from '../oci/layout.ts';
import { type Architecture, IMAGES, type ImageRecipe } from '../recipe.ts';
import { type Release } from '../release/plan-release.ts';
import { type LaidOut, layOutRoots } from '../roots/lay-out.ts';
import { type DebianPackage } from '../roots/packages.ts';
import { spdxOf } from '../sbom/spdx.ts';
import { type BundledApp, bundleForImage, layOutApp } from './apps.ts';
import { Buildah, type BuildahProgram, getBuildah } from './buildah.ts';
import { demandCanBuild } from './can-build.ts';

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

/** Names of the files that tell what is in an image. */
const billOfMaterialsOf = (name: string, architecture: string): string => `${name}-${architecture}.spdx.json`;

/** What the Dockerfile copies, and what it was made from. */
export interface Context {
  readonly folder: string;
  readonly apps: ReadonlyMap<string, BundledApp>;
  readonly roots: ReadonlyMap<Architecture, LaidOut>;
}

/**
 * Lays out the context of the Dockerfile. @param folder that gets it; what it has is removed
 * @throws {CannotRunError} on a machine that can have none of it
 */
export async function layOutContext(folder: string, options: BuildOptions): Promise<Context> {
  const { architectures, images, onProgress } = options;
  await demandCanBuild();
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
    const built = await Promise.all(options.images.map((recipe) => archive(recipe, layouts, options)));
    for (const each of built) await writeBills(each, context, options);
    await writeRelease(built, options.into);
    return built;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Writes for each architecture of an image what is in it. */
async function writeBills({ recipe, images }: Built, context: Context, { into, base }: BuildOptions): Promise<void> {
  const { name } = recipe;
  const app = context.apps.get(name);
  if (app === undefined) return;
  const created = new Date((await git('log', '-1', '--format=%cI')).trim()).toISOString().replace(/\.\d+/, '');
  for (const image of images) {
    const parts = [...context.roots].find(([architecture]) => architecture === image.architecture)?.[1];
    const below = base === undefined ? (parts?.base ?? []) : [];
    const above = parts === undefined ? [] : layeredOver(name, parts);
    const bill = spdxOf({ name, image, app, debian: [...below, ...above], base, created });
    const path = join(into, billOfMaterialsOf(name, image.architecture));
    await writeFile(path, `${JSON.stringify(bill, undefined, 2)}\n`);
  }
}

/** Packages of the commands that an image has, as the Dockerfile copies them. */
function layeredOver(name: ImageRecipe['name'], { hostTools, pluginTools }: LaidOut): readonly DebianPackage[] {
  if (name === 'config-daemon') return hostTools;
  return name === 'device-plugin' ? pluginTools : [];
}

/** Writes what a release needs to know. */
async function writeRelease(built: readonly Built[], into: string): Promise<void> {
  const release: Release = {
    version: OPERATOR_VERSION,
    revision: await readRevision(),
    images: built.map(({ recipe: { name }, archive: path, digest, images }) => ({
      ...{ name, digest, archive: basename(path) },
      architectures: images.map(({ architecture, manifest }) => ({
        ...{ architecture, digest: manifest.digest },
        billOfMaterials: billOfMaterialsOf(name, architecture),
      })),
    })),
  };
  await writeFile(join(into, 'images.json'), `${JSON.stringify(release, undefined, 2)}\n`);
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
  const commit = await git('rev-parse', 'HEAD');
  const changes = await git('status', '--porcelain');
  return `${commit.trim()}${changes === '' ? '' : '-modified'}`;
}

const git = (...args: string[]): Promise<string> => runCommand('git', args, { cwd: ROOT });

/** Names of all images. */
export const IMAGE_NAMES: readonly string[] = IMAGES.map(({ name }) => name);

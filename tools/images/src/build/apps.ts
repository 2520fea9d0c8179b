import { chown, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '@sriov/control-plane';
import { z } from 'zod';
import { type Architecture, type ImageRecipe, NONROOT } from '../recipe.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** A bundled app. */
export interface BundledApp {
  /** Folder with `main.mjs`. */
  readonly folder: string;
  /** The npm packages of which code is in it. */
  readonly packages: readonly NpmPackage[];
}

/** A package from npm. */
interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** As its manifest says, in the words of SPDX. */
  readonly license: string;
}

const manifest = z.object({ name: z.string(), version: z.string(), license: z.string().default('NOASSERTION') });

/** Bundles an app as its image has it. @param into folder that gets a folder for it */
export async function bundleForImage(name: string, into: string): Promise<BundledApp> {
  const folder = join(into, name);
  const script = join(ROOT, 'tools/scripts/bundle.mjs');
  await runCommand(process.execPath, [script, '--image', folder], { cwd: join(ROOT, 'apps', name) });
  const inputs = z.array(z.string()).parse(JSON.parse(await readFile(`${folder}.json`, 'utf8')));
  await rm(`${folder}.json`);
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const copies = await Promise.all([...folders].sort().map((each) => readPackage(join(ROOT, 'apps', name, each))));
  // npm may have installed the same version in two folders.
  const found = [...new Map(copies.map((each) => [`${each.about.name}@${each.about.version}`, each])).values()];
  await writeFile(join(folder, 'licenses.txt'), found.map(({ text }) => text).join('\n'));
  return { folder, packages: found.map(({ about }) => about) };
}

/** Licences ask that their text goes along with the code. */
async function readPackage(folder: string): Promise<{ readonly about: NpmPackage; readonly text: string }> {
  const about = manifest.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  const names = (await readdir(folder)).filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return { about, text: [`=== ${about.name} ${about.version} (${about.license})`, ...texts].join('\n') };
}

/** What an app is laid out for. */
interface Target {
  readonly image: ImageRecipe;
  readonly architecture: Architecture;
  /** Folder with `base`, which gets the app beside it. */
  readonly context: string;
}

/**
 * Lays out an app in the context, with the code that V8 compiles when it starts. Only this machine's own architecture
 * has that: V8 makes it for the machine that it runs on.
 */
export async function layOutApp(app: BundledApp, { image, architecture, context }: Target): Promise<void> {
  const into = join(context, image.name);
  await cp(app.folder, into, { recursive: true });
  if (architecture !== (process.arch === 'x64' ? 'amd64' : process.arch)) return;
  const base = join(context, 'base');
  const inBase = join(base, 'app');
  await cp(app.folder, inBase, { recursive: true });
  try {
    await compile(base, image.name === 'config-daemon' || image.name === 'device-plugin' ? 0 : NONROOT);
    await cp(join(inBase, 'compile-cache'), join(into, 'compile-cache'), { recursive: true });
  } finally {
    await rm(inBase, { recursive: true });
  }
}

/**
 * Starts the app of a root file system once, at the path that it has in its image: paths and users are part of the
 * cache. The seed makes its bytes the same each time; V8 does not compare it.
 */
async function compile(root: string, user: number): Promise<void> {
  const cache = join(root, 'app/compile-cache');
  await mkdir(cache);
  await chown(cache, user, user);
  const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: '/app/compile-cache' };
  const words = ['/usr/local/bin/node', '--random-seed=1', '/app/main.mjs', '--version'];
  await runCommand('chroot', [`--userspec=${user}:${user}`, root, ...words], { env });
  await makeReadable(cache);
}

/** The cache belongs to root, like all files of an image, and others read it. */
async function makeReadable(folder: string): Promise<void> {
  await runCommand('chown', ['-R', '0:0', folder]);
  await runCommand('chmod', ['-R', 'u=rwX,go=rX', folder]);
  if ((await readdir(folder)).length === 0) throw new Error(`Node.js has written nothing to ${folder}`);
}

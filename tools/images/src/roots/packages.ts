import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type AptSources, findArchive, findRelease, PrivateApt, runCommand, stage } from '@sriov/control-plane';
import { z } from 'zod';
import { type Architecture, BASE, DEBIAN, HOST_TOOLS, PLUGIN_TOOLS } from '../recipe.ts';

/** A Debian package whose files are in an image. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Hash of its archive in hexadecimal digits. */
  readonly sha256: string;
  /** Its control file, as dpkg would record it. */
  readonly control: string;
}

const packageSchema = z.object({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  sha256: z.string(),
  control: z.string(),
});

/** Unpacked packages, each in a folder of its own, so that every file has an owner. */
export interface Packages {
  readonly folder: string;
  readonly list: readonly DebianPackage[];
}

/**
 * Downloads the packages of the images as the archive has them now, with all that they depend on. The archive drops a
 * version when a newer one comes, so no version can be pinned: apt checks the signatures, and each image tells which
 * versions it has.
 */
export async function getPackages(
  cache: string,
  architecture: Architecture,
  onProgress: (line: string) => void,
): Promise<Packages> {
  onProgress(`${architecture}: asking Debian ${DEBIAN} for packages`);
  const work = join(cache, `apt-${architecture}`);
  await rm(work, { recursive: true, force: true });
  try {
    const apt = await PrivateApt.create(work, await findSources(architecture));
    const packages = [...new Set([BASE, HOST_TOOLS, PLUGIN_TOOLS].flatMap((each) => each.packages))];
    const archives = await apt.download({ packages, into: join(work, 'debs'), dependencies: 'all' });
    const debs = await Promise.all(archives.sort().map(async (path) => ({ path, sha256: await sha256Of(path) })));
    const hash = createHash('sha256').update(debs.map(({ sha256 }) => sha256).join());
    const name = `packages-${architecture}-${hash.digest('hex').slice(0, 12)}`;
    const folder = await stage(cache, name, async (into) => {
      const list: DebianPackage[] = [];
      for (const deb of debs) list.push(await unpack(deb, into));
      await writeFile(join(into, 'packages.json'), JSON.stringify(list));
    });
    await removeOthers(cache, `packages-${architecture}-`, name);
    const list = z.array(packageSchema).parse(JSON.parse(await readFile(join(folder, 'packages.json'), 'utf8')));
    return { folder, list };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The archives that this machine uses, for the release of the images, with its security updates. */
async function findSources(architecture: Architecture): Promise<AptSources> {
  const { codename, archive } = await findRelease();
  const security = await findArchive(`${codename}-security`);
  const archives = [
    ...[DEBIAN, `${DEBIAN}-updates`].map((suite) => ({ address: archive, suite })),
    { address: security, suite: `${DEBIAN}-security` },
  ];
  return { archives, newestSuite: DEBIAN, architecture };
}

async function unpack(deb: { readonly path: string; readonly sha256: string }, into: string): Promise<DebianPackage> {
  const control = await runCommand('dpkg-deb', ['--field', deb.path]);
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1] ?? '';
  const [name, version] = [field('Package'), field('Version')];
  await runCommand('dpkg-deb', ['--extract', deb.path, join(into, name)]);
  return { name, version, architecture: field('Architecture'), sha256: deb.sha256, control };
}

/** The package that owns each file, by the path in the packages: `usr/bin/ip`. */
export async function findOwners({ folder, list }: Packages): Promise<Map<string, DebianPackage>> {
  const owners = new Map<string, DebianPackage>();
  for (const each of list) {
    for (const path of await filesBelow(join(folder, each.name))) owners.set(path, each);
  }
  return owners;
}

async function filesBelow(folder: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(folder, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    if ((await lstat(join(folder, path))).isDirectory()) found.push(...(await filesBelow(folder, path)));
    else found.push(path);
  }
  return found;
}

/**
 * Writes what lawyers and scanners look for: the copyright of a package, and the record that distroless images have
 * instead of dpkg's database.
 */
export async function recordPackage(
  root: string,
  { folder }: Packages,
  { name, control }: DebianPackage,
): Promise<void> {
  const status = join(root, 'var/lib/dpkg/status.d');
  await mkdir(status, { recursive: true });
  await writeFile(join(status, name), `${control.trimEnd()}\n`);
  const doc = `usr/share/doc/${name}`;
  // Packages of one source may share a folder: theirs is then a link to that of another package.
  const owner = basename(await readlink(join(folder, name, doc)).catch(() => name));
  await mkdir(join(root, doc), { recursive: true });
  await cp(join(folder, owner, 'usr/share/doc', owner, 'copyright'), join(root, doc, 'copyright'), {
    dereference: true,
  });
}

async function sha256Of(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function removeOthers(cache: string, prefix: string, kept: string): Promise<void> {
  for (const name of (await readdir(cache)).filter((each) => each.startsWith(prefix) && each !== kept)) {
    await rm(join(cache, name), { recursive: true });
  }
}

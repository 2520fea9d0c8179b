import { constants, existsSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cacheFolder, findRelease, PrivateApt, runCommand, sourcesOf, stage, withLock } from '@sriov/control-plane';

/** The programs of Open vSwitch, and the schema of its database. */
export interface OvsPrograms {
  readonly find: (program: OvsProgram) => string;
  readonly schema: string;
  /** Words to run a program with: `env`, and where its libraries are. */
  readonly prefix: readonly string[];
}

export type OvsProgram = 'ovsdb-server' | 'ovsdb-tool' | 'ovs-vsctl' | 'ovs-vswitchd';

const PACKAGES = ['openvswitch-switch', 'openvswitch-common'];
/** Libraries of its programs. The packages themselves also want Python and services, which no test needs. */
const LIBRARIES = ['libbpf1', 'libcap-ng0', 'libnuma1', 'libssl3', 'libunbound8', 'libxdp1'];
/** Folders of its programs beside those of the PATH. */
const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/lib/openvswitch-switch'];
const SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';
const LIBRARY_FOLDERS = ['usr/lib', 'lib'].map((folder) => `${folder}/x86_64-linux-gnu`);

/**
 * Finds Open vSwitch: that of the machine, or that of Debian's packages, which are downloaded into the cache once and
 * not installed.
 * @throws {CannotRunError} on a machine that has none, and is not of Debian
 */
export async function findOvs(): Promise<OvsPrograms> {
  const path = [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS];
  if (existsSync(SCHEMA) && (await isIn('ovsdb-server', path)) && (await isIn('ovs-vswitchd', path)))
    return { find: (program) => firstOf(program, path), schema: SCHEMA, prefix: ['env'] };
  const root = await download();
  const folders = FOLDERS.map((folder) => `${root}${folder}`);
  const libraries = LIBRARY_FOLDERS.map((folder) => join(root, folder)).join(':');
  return {
    find: (program) => firstOf(program, folders),
    schema: `${root}${SCHEMA}`,
    prefix: ['env', `LD_LIBRARY_PATH=${libraries}`],
  };
}

async function download(): Promise<string> {
  const cache = join(cacheFolder(), 'ovs');
  await mkdir(cache, { recursive: true });
  return withLock(
    join(cache, '.lock'),
    () => undefined,
    () => stage(cache, 'debian', unpackPackages),
  );
}

async function unpackPackages(into: string): Promise<void> {
  const apt = await PrivateApt.create(join(into, '.apt'), sourcesOf(await findRelease()));
  await apt.unpack({ packages: LIBRARIES, into, dependencies: 'leave-out-installed' });
  await apt.unpack({ packages: PACKAGES, into, dependencies: 'none' });
  await runCommand('rm', ['-rf', join(into, '.apt')]);
}

function firstOf(program: string, folders: readonly string[]): string {
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`Open vSwitch has no ${program} in ${folders.join(', ')}`);
  return found;
}

async function isIn(program: string, folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    const isThere = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

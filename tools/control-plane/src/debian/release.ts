import { readFile } from 'node:fs/promises';
import { runCommand } from '../run-command.ts';
import { messageOf } from '@sriov/errors';
import { type AptSources } from './private-apt.ts';

/** The Debian release of this machine, and where its packages are. */
export interface Release {
  /** Such as `bookworm`. */
  readonly codename: string;
  /** Address of the archive, as the machine's own sources have it. */
  readonly archive: string;
  /** Suites to look into. */
  readonly suites: readonly string[];
  /** The suite that is preferred: backports where the release itself is too old. */
  readonly newestSuite: string;
}

/** This machine cannot run the VM lane; the message says why. */
export class CannotRunError extends Error {
  override readonly name = 'CannotRunError';
  readonly code = 'CANNOT_RUN';
}

/** Where this machine's own packages come from. */
export function sourcesOf({ archive, suites, newestSuite }: Release): AptSources {
  return { archives: suites.map((suite) => ({ address: archive, suite })), newestSuite };
}

/** Releases whose own QEMU (below 8.1) has no igb. */
const NEEDS_BACKPORTS = ['bookworm'];

/** Finds the release of this machine and the archive that it uses. @throws {CannotRunError} */
export async function findRelease(): Promise<Release> {
  if (process.arch !== 'x64')
    throw new CannotRunError(`the guest is an amd64 machine, and this one is ${process.arch}`);
  const { ID: id, VERSION_CODENAME: codename } = await readOsRelease();
  if (id !== 'debian' || codename === undefined) {
    throw new CannotRunError(`QEMU and the kernel come from Debian packages, and this system is ${id ?? 'unknown'}`);
  }
  const archive = await findArchive(codename);
  const newestSuite = NEEDS_BACKPORTS.includes(codename) ? `${codename}-backports` : codename;
  return { codename, archive, suites: [...new Set([codename, newestSuite])], newestSuite };
}

async function readOsRelease(): Promise<Record<string, string>> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const pairs = text.split('\n').map((line) => /^(\w+)="?([^"]*)"?$/.exec(line));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1] ?? '', pair[2] ?? '']] : [])));
}

/** Address from which this machine gets the packages of a suite, such as `bookworm-security`. @throws {CannotRunError} */
export async function findArchive(codename: string): Promise<string> {
  try {
    const format = '$(REPO_URI) $(CODENAME)';
    const lines = await runCommand('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
    const found = lines.split('\n').map((line) => line.split(' '));
    const [archive] = found.find(([, name]) => name === codename) ?? [];
    if (archive === undefined) throw new Error(`none of the machine's package sources has ${codename}`);
    return archive;
  } catch (error) {
    throw new CannotRunError(`apt knows no archive: ${messageOf(error)}`);
  }
}

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Exchange, record, type Recording, recordingSchema } from './exchange.ts';
import { EXCHANGES } from './exchanges/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** A folder for each release, with a file for each exchange. */
const RELEASES = join(import.meta.dirname, '../releases');
const SEALS = 'sealed.json';

/** The releases that are out, with the digest of their recordings. */
const sealsSchema = z.record(z.string(), z.string());
export type Seals = z.output<typeof sealsSchema>;

/** What was recorded of a release, by the name of the exchange. */
export type Release = ReadonlyMap<string, Recording>;

/** A release cannot be recorded or sealed; the message says why and what helps. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly code = 'CANNOT_RECORD';
}

const chartSchema = z.object({ appVersion: z.string() });

/** The version that the services have now: the tag of their images. */
export async function presentVersion(): Promise<string> {
  const text = await readFile(join(ROOT, 'charts/sriov-network-operator/Chart.yaml'), 'utf8');
  return chartSchema.parse(parse(text)).appVersion;
}

/** The versions of which there are recordings, the oldest first. @param folder of all releases */
export async function recordedVersions(folder = RELEASES): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Reads a release. @throws ZodError when a file is no recording */
export async function readRelease(version: string, folder = RELEASES): Promise<Release> {
  const files = await filesOf(join(folder, version));
  return new Map(
    files.map(([name, text]) => [name.slice(0, -'.json'.length), recordingSchema.parse(JSON.parse(text))] as const),
  );
}

/** Records what this version writes and understands. */
export async function recordPresent(exchanges: readonly Exchange[] = EXCHANGES): Promise<Release> {
  const recordings = new Map<string, Recording>();
  for (const exchange of exchanges) recordings.set(exchange.name, await record(exchange));
  return recordings;
}

/**
 * Writes the recordings of a version, unless it is out: then they have to be the same.
 * @throws {RecordingError} when it is out, and something has changed since
 */
export async function writeRelease(version: string, release: Release, folder = RELEASES): Promise<void> {
  const isOut = version in (await readSeals(folder));
  if (isOut && textOf(await readRelease(version, folder)) !== textOf(release)) {
    throw new RecordingError(
      `version ${version} is released, and what the services exchange has changed since: raise appVersion in charts/sriov-network-operator/Chart.yaml, so that the next version has recordings of its own`,
    );
  }
  if (isOut) return;
  // With it goes what is no longer exchanged.
  await rm(join(folder, version), { recursive: true, force: true });
  await mkdir(join(folder, version), { recursive: true });
  for (const [name, recording] of release) await writeFile(join(folder, version, `${name}.json`), fileOf(recording));
}

/** Marks a version as released: from now on its recordings must not change. @throws {RecordingError} */
export async function seal(version: string, folder = RELEASES): Promise<void> {
  const seals = await readSeals(folder);
  if (version in seals) throw new RecordingError(`version ${version} is released already`);
  await writeFile(join(folder, SEALS), fileOf({ ...seals, [version]: await digestOf(version, folder) }));
}

/** The releases that are out. */
export async function readSeals(folder = RELEASES): Promise<Seals> {
  return sealsSchema.parse(JSON.parse(await readFile(join(folder, SEALS), 'utf8')));
}

/** A digest of all recordings of a version. */
export async function digestOf(version: string, folder = RELEASES): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, text] of await filesOf(join(folder, version))) hash.update(`${name}\0${text}\0`);
  return hash.digest('hex');
}

async function filesOf(folder: string): Promise<[string, string][]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name): Promise<[string, string]> => [name, await readFile(join(folder, name), 'utf8')]),
  );
}

/** A release as a text, to compare. */
export function textOf(release: Release): string {
  return fileOf(Object.fromEntries([...release].sort(([a], [b]) => (a < b ? -1 : 1))));
}

function fileOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

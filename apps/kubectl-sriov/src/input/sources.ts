import { type Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, messageOf } from '@sriov/errors';
import { InputError } from './input-error.ts';

/** A text to be read, and where it comes from. */
export interface Source {
  /** Path as the user gave it, or `standard input`. */
  readonly name: string;
  readonly text: string;
}

/** The name of standard input in messages. */
export const STANDARD_INPUT = 'standard input';

/** What is asked for with `-f`. */
export interface SourceRequest {
  /** Files, folders, and `-` for standard input. */
  readonly paths: readonly string[];
  /** Also read the folders below a folder. */
  readonly recursive: boolean;
  readonly stdin: AsyncIterable<Uint8Array | string>;
}

/** Files that are read from a folder, as kubectl does. */
const OBJECT_FILE = /\.(ya?ml|json)$/i;

/**
 * Reads the files; from a folder those that end in .yaml, .yml or .json, in order of their names.
 * @throws {InputError} when one cannot be read, or is not text
 */
export async function readSources(request: SourceRequest): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of request.paths) {
    if (path === '-') sources.push(await readStream(request.stdin));
    else for (const file of await findFiles(path, request.recursive)) sources.push(await readSource(file));
  }
  return sources;
}

async function findFiles(path: string, recursive: boolean): Promise<string[]> {
  if (!(await isFolder(path))) return [path];
  const files = await listFolder(path, recursive);
  if (files.length > 0) return files;
  const cure = recursive ? '' : '; --recursive looks into its folders';
  throw new InputError(`${path}: the folder has no file that ends in .yaml, .yml or .json${cure}`);
}

async function listFolder(folder: string, recursive: boolean): Promise<string[]> {
  const entries = await attempt(folder, () => readdir(folder, { withFileTypes: true }));
  const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);
  const files: string[] = [];
  for (const entry of entries.sort(byName)) {
    const path = join(folder, entry.name);
    // A link counts as what it leads to: the files of a mounted ConfigMap are links.
    if (await isFolder(path)) files.push(...(recursive ? await listFolder(path, recursive) : []));
    else if (OBJECT_FILE.test(entry.name)) files.push(path);
  }
  return files;
}

async function isFolder(path: string): Promise<boolean> {
  return (await attempt(path, () => stat(path))).isDirectory();
}

async function readSource(path: string): Promise<Source> {
  return { name: path, text: decode(path, await attempt(path, () => readFile(path))) };
}

async function readStream(stream: SourceRequest['stdin']): Promise<Source> {
  const name = STANDARD_INPUT;
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return { name, text: decode(name, Buffer.concat(chunks)) };
}

function decode(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${name}: is no UTF-8 text`);
  }
}

const CAUSES: readonly (readonly [code: string, sentence: string])[] = [
  ['ENOENT', 'there is no such file or folder'],
  ['EACCES', 'may not be read: permission denied'],
  ['ELOOP', 'is a link that leads to itself'],
];

async function attempt<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const known = CAUSES.find(([code]) => hasCode(error, code));
    throw new InputError(`${path}: ${known?.[1] ?? messageOf(error)}`, { cause: error });
  }
}

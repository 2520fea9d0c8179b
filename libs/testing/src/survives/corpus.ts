import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a parser is given: the bytes, and the text that the kernel port makes of them. */
export interface Input {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** An input that is kept in a file. */
export interface Sample extends Input {
  readonly name: string;
}

/** The input with these bytes. */
export function inputOf(bytes: Uint8Array): Input {
  return { bytes, text: Buffer.from(bytes).toString('utf8') };
}

/** An input that is this text. */
export function sampleOf(name: string, text: string): Sample {
  return { name, ...inputOf(Buffer.from(text)) };
}

/** The page of a corpus that says where each of its files comes from. */
const SOURCES = 'SOURCES.md';

/**
 * The files of the folder `corpus` beside a spec whose names begin with `prefix`, sorted. Each has a line in
 * `corpus/SOURCES.md`, which says where it comes from or how it arose.
 * @param folder that of the spec, `import.meta.dirname`
 * @throws {Error} when there is none, or one without such a line
 */
export function corpus(folder: string, prefix: string): Sample[] {
  const path = join(folder, 'corpus');
  const names = readdirSync(path).filter((name) => name.startsWith(prefix) && name !== SOURCES);
  if (names.length === 0) throw new Error(`${path} has no file that begins with ${prefix}`);
  const sources = readFileSync(join(path, SOURCES), 'utf8').split('\n');
  return names.sort().map((name) => {
    const hasSource = sources.some((line) => line.startsWith(`- \`${name}\`: `));
    if (!hasSource) throw new Error(`${join(path, SOURCES)} does not say where ${name} comes from`);
    return { name, ...inputOf(readFileSync(join(path, name))) };
  });
}

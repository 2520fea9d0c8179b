/** What an ELF file asks the dynamic loader for. */
export interface DynamicNeeds {
  /** Names of libraries, such as `libc.so.6`. */
  readonly libraries: readonly string[];
  /** Folders in which it looks for them first. */
  readonly searched: readonly string[];
  /** Path of the loader itself, which programs name. */
  readonly interpreter: string | undefined;
}

/** Numbers of elf(5). */
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const TAG = { needed: 1, strings: 5, rpath: 15, runpath: 29 } as const;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Reads an ELF file of 64 bits, little endian. @returns undefined when it is something else, such as a script */
export function readDynamicNeeds(file: Buffer): DynamicNeeds | undefined {
  if (file.length < 64 || file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  const segments = readSegments(file);
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  const entries = readDynamic(file, segments);
  const strings = entries.find(({ tag }) => tag === TAG.strings);
  const start = strings === undefined ? 0 : offsetOf(segments, strings.value);
  const named = (tags: readonly number[]): string[] =>
    entries.filter(({ tag }) => tags.includes(tag)).map(({ value }) => textAt(file, start + value));
  return {
    libraries: named([TAG.needed]),
    searched: named([TAG.rpath, TAG.runpath]).flatMap((folders) => folders.split(':')),
    interpreter: interpreter && textAt(file, interpreter.offset),
  };
}

function readSegments(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32));
  const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    const wide = (offset: number): number => Number(file.readBigUInt64LE(at + offset));
    return { type: file.readUInt32LE(at), offset: wide(8), address: wide(16), size: wide(32) };
  });
}

function readDynamic(file: Buffer, segments: readonly Segment[]): { tag: number; value: number }[] {
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  if (dynamic === undefined) return [];
  return Array.from({ length: dynamic.size / 16 }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: Number(file.readBigInt64LE(at)), value: Number(file.readBigUInt64LE(at + 8)) };
  });
}

/** Where the file has what is loaded at an address. */
function offsetOf(segments: readonly Segment[], address: number): number {
  const isIn = (each: Segment): boolean => address >= each.address && address < each.address + each.size;
  const segment = segments.find((each) => each.type === SEGMENT.load && isIn(each));
  if (segment === undefined) throw new Error(`no segment is loaded at ${address}`);
  return address - segment.address + segment.offset;
}

const textAt = (file: Buffer, at: number): string => file.toString('utf8', at, file.indexOf(0, at));

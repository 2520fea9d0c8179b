import { boolYaml11Tag, CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';
import { messageOf } from '@sriov/errors';
import { type Source } from './sources.ts';
import { type Chunk, splitDocuments, splitList, splitObjects } from './split-text.ts';

/** The place of something in the input, for messages. */
export interface Place {
  /** Path of the file, or `standard input`. */
  readonly file: string;
  /** Counted from 1, empty documents left out. */
  readonly document: number;
  /** Line of the file, counted from 1. */
  readonly line: number;
  /** The item of a List, counted from 1. */
  readonly item?: number;
}

/** A document of a file: its value, and where it begins. */
export interface InputDocument {
  readonly place: Place;
  readonly value: unknown;
  /** In a List: the lines of its items, where they are known. */
  readonly itemLines?: readonly number[] | undefined;
}

/** A part of the input that cannot be used, and why. */
export interface Fault {
  readonly place: Place;
  readonly message: string;
}

/** The place as the beginning of a message. */
export function formatPlace({ file, document, line, item }: Place): string {
  return `${file}: document ${document}, line ${line}${item === undefined ? '' : `, item ${item} of the list`}`;
}

/** Reads all documents of a file, YAML or JSON. Each that cannot be read is a fault; the others are read. */
export function readDocuments({ name, text }: Source): {
  readonly documents: readonly InputDocument[];
  readonly faults: readonly Fault[];
} {
  const documents: InputDocument[] = [];
  const faults: Fault[] = [];
  for (const chunk of splitDocuments(text)) {
    for (const read of readChunk(chunk)) {
      const place = { file: name, document: documents.length + faults.length + 1, line: read.line };
      if (!('value' in read)) faults.push({ place, message: read.message });
      // Templates leave empty documents behind, and kubectl ignores them.
      else if (read.value !== null) documents.push({ place, value: read.value, itemLines: read.itemLines });
    }
  }
  return { documents, faults };
}

type Read = ReadValue | { readonly line: number; readonly message: string };
interface ReadValue {
  readonly line: number;
  readonly value: unknown;
  readonly itemLines?: readonly number[];
}

/** JSON is also YAML, but reading it as JSON is ten times as fast. The YAML reader explains what is wrong with it. */
function readChunk(chunk: Chunk): Read[] {
  if (!/^(?:---)?\s*\{/.test(chunk.text)) return [readList(chunk) ?? readYaml(chunk)];
  const whole = readJson(chunk);
  if (whole) return [whole];
  return splitObjects(chunk).map((piece) => readJson(piece) ?? readYaml(piece));
}

/**
 * Reads a List item by item, because a fleet in one piece takes many times as much memory. Nothing for any other text.
 */
function readList(chunk: Chunk): ReadValue | undefined {
  const split = splitList(chunk);
  const shell = split && readYaml(split.shell);
  if (shell === undefined || !('value' in shell)) return undefined;
  const items: unknown[] = [];
  for (const item of split?.items ?? []) {
    const read = readYaml(item);
    if (!('value' in read)) return undefined;
    items.push(read.value);
  }
  return {
    line: chunk.line,
    value: { ...(shell.value as object), items },
    itemLines: split?.items.map(({ line }) => line) ?? [],
  };
}

function readJson({ text, line }: Chunk): Read | undefined {
  try {
    return { line, value: JSON.parse(text.replace(/^---/, '')) as unknown };
  } catch {
    return undefined;
  }
}

/**
 * YAML as kubectl reads it: `on` and `yes` are booleans, as in YAML 1.1, so that an unquoted `spoofChk: on` is refused
 * here as the API server refuses it.
 */
const SCHEMA = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag);

function readYaml({ text, line, linesBefore }: Chunk): Read {
  try {
    return { line, value: load(text, { schema: SCHEMA }) };
  } catch (error) {
    if (!(error instanceof YAMLException)) return { line, message: `cannot be read: ${messageOf(error)}` };
    const { reason, mark } = error;
    if (mark === undefined) return { line, message: reason };
    return { line: linesBefore + mark.line + 1, message: `column ${mark.column + 1}: ${reason}` };
  }
}

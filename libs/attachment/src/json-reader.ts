import { FIELD_BOUNDS, type Parsed } from '@sriov/api';
import { type JsonMember, type JsonNode } from './json-text.ts';

/**
 * The four blanks of JSON, and all other blanks of Unicode. Upstream skips them all, so networks with a no-break space
 * between two tokens have worked for years. None of them is printed.
 */
const BLANKS =
  ' \t\n\r\v\f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';
// RFC 8259, section 7: no raw control characters, and only these escapes.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/** Deeper nesting than any CNI configuration has; the reader recurses, and must not overflow. */
const MAX_DEPTH = FIELD_BOUNDS.jsonDepth;

/** Reads one JSON value. The message of a failure names line and column, counted from 1. */
export function readJson(source: string): Parsed<JsonNode> {
  return read(source, (reader) => {
    const value = reader.value();
    reader.end();
    return value;
  });
}

/** Reads values separated by commas, without brackets around them; at least one. */
export function readJsonSequence(source: string): Parsed<readonly JsonNode[]> {
  return read(source, (reader) => {
    const values = [reader.value()];
    while (reader.take(',')) values.push(reader.value());
    reader.end();
    return values;
  });
}

function read<T>(source: string, use: (reader: Reader) => T): Parsed<T> {
  try {
    return { ok: true, value: use(new Reader(source)) };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, message: error.message };
    throw error;
  }
}

/** Is never thrown out of this file: for callers a failure is a value. */
class Malformed extends Error {}

class Reader {
  readonly #source: string;
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  value(): JsonNode {
    if (this.#depth === MAX_DEPTH) throw this.#malformed(`nested deeper than ${MAX_DEPTH} levels`);
    this.#depth += 1;
    const node = this.#container() ?? this.#scalar();
    this.#depth -= 1;
    return node;
  }

  /** Skips blanks, and takes the mark if it comes next. */
  take(mark: string): boolean {
    if (this.#next() !== mark) return false;
    this.#at += 1;
    return true;
  }

  end(): void {
    this.#next();
    if (this.#at < this.#source.length) throw this.#unexpected('the end');
  }

  #container(): JsonNode | undefined {
    if (this.take('{')) return { kind: 'object', members: this.#list('}', () => this.#member()) };
    if (this.take('[')) return { kind: 'array', items: this.#list(']', () => this.value()) };
    return undefined;
  }

  #list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.take(close)) return items;
    do items.push(item());
    while (this.take(','));
    if (!this.take(close)) throw this.#unexpected(`"," or "${close}"`);
    return items;
  }

  #member(): JsonMember {
    this.#next();
    const key = this.#match(STRING);
    if (key === undefined) throw this.#unexpected('a member name in double quotes');
    if (!this.take(':')) throw this.#unexpected('":"');
    return { key, value: this.value() };
  }

  #scalar(): JsonNode {
    const found = this.#next() === '"' ? this.#match(STRING) : (this.#match(NUMBER) ?? this.#match(WORD));
    if (found === undefined) throw this.#unexpected('a value');
    return { kind: 'scalar', text: found };
  }

  /** Skips blanks; returns the character that comes next, or an empty text at the end. */
  #next(): string {
    while (this.#at < this.#source.length && BLANKS.includes(this.#source.charAt(this.#at))) this.#at += 1;
    return this.#source.charAt(this.#at);
  }

  // Finds where a match ends without an array for it, because a text has tens of thousands of matches.
  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#source)) return undefined;
    const found = this.#source.slice(this.#at, pattern.lastIndex);
    this.#at = pattern.lastIndex;
    return found;
  }

  #unexpected(wanted: string): Malformed {
    const rest = this.#source.slice(this.#at, this.#at + 12);
    return this.#malformed(`${wanted} is expected, not ${rest === '' ? 'the end' : JSON.stringify(rest)}`);
  }

  #malformed(what: string): Malformed {
    const lines = this.#source.slice(0, this.#at).split('\n');
    return new Malformed(`line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}: ${what}`);
  }
}

/** A document of a file, as text. */
export interface Chunk {
  readonly text: string;
  /** Number of lines of the file before the text. */
  readonly linesBefore: number;
  /** Line of the file where its content begins, counted from 1. */
  readonly line: number;
}

// Neither marker can stand at the beginning of a line inside a value, whether YAML or JSON.
const MARKER = /^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm;

/** The documents of a file, which markers separate. Documents with only blanks and comments are left out. */
export function* splitDocuments(text: string): Generator<Chunk> {
  let linesBefore = 0;
  for (const part of splitAtMarkers(text)) {
    const line = contentLine(part);
    if (line !== undefined) {
      // An end marker at the beginning is no content, and the reader would stop there.
      yield { text: part.replace(/^\.\.\./, ''), linesBefore, line: linesBefore + line + 1 };
    }
    linesBefore += countLines(part);
  }
}

/** The parts between markers, each with the marker before it. Directives stay with their document. */
function* splitAtMarkers(text: string): Generator<string> {
  let start = 0;
  for (const { index } of text.matchAll(MARKER)) {
    const part = text.slice(start, index);
    if (contentLine(part) === undefined && /^%/m.test(part)) continue;
    yield part;
    start = index;
  }
  yield text.slice(start);
}

/** A blank, a comment, a directive, a bare marker. */
const EMPTY_LINE = /^(?:%.*|(?:---|\.\.\.)?[ \t]*(?:#.*)?)\r?$/;

/** Index of the first line with content. */
function contentLine(text: string): number | undefined {
  let line = 0;
  for (let start = 0; start < text.length; line += 1) {
    const end = text.indexOf('\n', start);
    const next = end === -1 ? text.length : end + 1;
    if (!EMPTY_LINE.test(text.slice(start, end === -1 ? next : end))) return line;
    start = next;
  }
  return undefined;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

/** Splits JSON objects that follow each other without a marker, as `jq` prints them. */
export function splitObjects(chunk: Chunk): Chunk[] {
  const chunks: Chunk[] = [];
  let { linesBefore } = chunk;
  let start = 0;
  while (start < chunk.text.length) {
    const end = endOfObject(chunk.text, start);
    const text = chunk.text.slice(start, end);
    chunks.push({ text, linesBefore, line: linesBefore + (contentLine(text) ?? 0) + 1 });
    linesBefore += countLines(text);
    start = end;
  }
  return chunks;
}

// A string, a bracket, or anything up to the next of them.
const JSON_TOKEN = /"[^"\\]*(?:\\[^][^"\\]*)*"|[{}]|[^"{}]+/y;

/** Where the next object begins, or the text ends. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  JSON_TOKEN.lastIndex = start;
  for (let token = JSON_TOKEN.exec(text); token; token = JSON_TOKEN.exec(text)) {
    if (token[0] === '{') depth += 1;
    if (token[0] === '}') depth -= 1;
    const end = JSON_TOKEN.lastIndex;
    if (token[0] === '}' && depth === 0 && /^\s*\{/.test(text.slice(end, end + 1_000))) return end;
  }
  return text.length;
}

/** A List in block style, taken apart. */
export interface SplitList {
  /** The List without its items. */
  readonly shell: Chunk;
  readonly items: readonly Chunk[];
}

// In block style only an item of the outermost sequence can begin a line with a dash.
const ITEMS = /^items:[ \t]*\r?\n(?=-[ \t\r\n])/m;
const ITEM_LINE = /^-(?=[ \t\r\n])/gm;
/** Matches a line that is neither an item, nor inside one, nor a comment. */
const BEHIND_ITEMS = /^[^\s#-]/m;

/**
 * Splits a List as kubectl prints it, so that a large one need not be read in one piece. Nothing for any other text. A
 * single item can be unreadable although the whole List is not, when it refers to an anchor in another item.
 */
export function splitList(chunk: Chunk): SplitList | undefined {
  const begin = ITEMS.exec(chunk.text);
  if (begin === null) return undefined;
  const head = chunk.text.slice(0, begin.index + begin[0].length);
  const rest = chunk.text.slice(head.length);
  const body = rest.slice(0, BEHIND_ITEMS.exec(rest)?.index);
  const starts = [...body.matchAll(ITEM_LINE)].map(({ index }) => index);
  let linesBefore = chunk.linesBefore + countLines(head);
  const items = starts.map((start, index) => {
    // The dash becomes indentation of the text after it.
    const text = ` ${body.slice(start + 1, starts[index + 1])}`;
    const item = { text, linesBefore, line: linesBefore + (contentLine(text) ?? 0) + 1 };
    linesBefore += countLines(text);
    return item;
  });
  return { shell: { ...chunk, text: `${head.trimEnd()} []\n${rest.slice(body.length)}` }, items };
}

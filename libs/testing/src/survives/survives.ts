import fc from 'fast-check';
import { type Input, inputOf, type Sample } from './corpus.ts';
import { hugeInputs, spoiledBytes, truncations } from './spoiled-bytes.ts';
import { ODD_VALUES, oddEverywhere, spoiledJson } from './spoiled-json.ts';

/** What a parser is known by. */
export interface Parser {
  /** Inputs as they come, and those that once were a problem, see `corpus`. */
  readonly samples: readonly Sample[];
  /** Classes of errors that the parser may throw: our own. None means that it never throws. */
  readonly errors?: readonly (abstract new (...args: never[]) => Error)[];
}

/** Random inputs of each kind. */
const RUNS = 300;

/**
 * The law for whatever reads a text from outside: for any text, it returns a value that makes sense, or throws an error
 * of a class of ours, in finite time. What makes sense has no NaN, no infinite number and no prototype of its own.
 *
 * The texts are the samples, all their beginnings, random changes of their bytes and of their values, random bytes, odd
 * documents, and 10 MB of several kinds. When a random one is a problem, put it into the corpus.
 *
 * @param parse reads the text, or the bytes where the parser takes bytes, and returns the result
 * @throws {Error} that says for which text the law does not hold
 */
export async function survives(parse: (input: Input) => unknown, parser: Parser): Promise<void> {
  const { samples } = parser;
  const attempt = (input: Input): Promise<void> => attemptOne(parse, input, parser);
  for (const sample of samples) await attempt(sample);
  for (const bytes of [...samples.flatMap(truncations), ...samples.flatMap(oddEverywhere)])
    await attempt(inputOf(bytes));
  for (const text of ['', '\0', '\n', '\ufeff{}', ...ODD_VALUES]) await attempt(inputOf(Buffer.from(text)));
  const random = [spoiledBytes(samples), spoiledJson(samples), fc.uint8Array({ maxLength: 200 })];
  for (const arbitrary of random) {
    if (arbitrary === undefined) continue;
    const property = fc.asyncProperty(arbitrary, (bytes) => attempt(inputOf(bytes)));
    const { errorInstance } = await fc.check(property, { numRuns: RUNS });
    if (errorInstance !== undefined && errorInstance !== null) throw errorInstance as Error;
  }
  const [first] = samples;
  for (const bytes of first === undefined ? [] : hugeInputs(first)) await attempt(inputOf(bytes));
}

async function attemptOne(parse: (input: Input) => unknown, input: Input, { errors = [] }: Parser): Promise<void> {
  const fault = await faultOf(() => parse(input), errors);
  if (fault === undefined) return;
  const { length } = input.bytes;
  const shown = JSON.stringify(input.text.slice(0, SHOWN));
  throw new Error(`${fault.what}; for the ${length} bytes ${shown}${length > SHOWN ? '...' : ''}`, fault);
}

/** Characters of an input that a failure shows. */
const SHOWN = 2_000;

interface Fault {
  readonly what: string;
  readonly cause?: unknown;
}

async function faultOf(parse: () => unknown, errors: NonNullable<Parser['errors']>): Promise<Fault | undefined> {
  try {
    const nonsense = nonsenseIn(await parse());
    if (nonsense !== undefined) return { what: `the result has ${nonsense}` };
  } catch (cause) {
    if (!errors.some((known) => cause instanceof known)) return { what: `it throws ${String(cause)}`, cause };
  }
  return Object.keys(Object.prototype).length > 0 ? { what: 'the prototype of all objects was changed' } : undefined;
}

/** What makes no sense in a value, however deep; nothing when all of it does. */
function nonsenseIn(root: unknown): string | undefined {
  const seen = new Set<unknown>([root]);
  for (const value of seen) {
    if (typeof value === 'number' && !Number.isFinite(value)) return `the number ${value}`;
    if (typeof value === 'function') return 'a function';
    if (typeof value !== 'object' || value === null) continue;
    if (!hasPlainPrototype(value)) return `an object with the prototype ${String(Object.getPrototypeOf(value))}`;
    for (const part of partsOf(value)) seen.add(part);
  }
  return undefined;
}

function hasPlainPrototype(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = [Object, Array, Map, Set, Uint8Array].map((known): unknown => known.prototype);
  return prototype === null || plain.includes(prototype);
}

function partsOf(value: object): Iterable<unknown> {
  if (value instanceof Map) return [...value.keys(), ...value.values()] as unknown[];
  if (value instanceof Set) return value as Set<unknown>;
  return value instanceof Uint8Array ? [] : (Object.values(value) as unknown[]);
}

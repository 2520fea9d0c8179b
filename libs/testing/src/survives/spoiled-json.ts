import fc from 'fast-check';
import { type Sample } from './corpus.ts';

/** Values that make sense almost nowhere, as JSON texts. */
export const ODD_VALUES: readonly string[] = [
  ...['null', 'true', '0', '-1', '1.5', '1e308', '1e999', '-1e999', '99999999999999999999', '""', '" "', '"\\u0000"'],
  ...[
    '[]',
    '{}',
    '[null]',
    '[[]]',
    '[{}]',
    '{"a":{}}',
    '["set",[]]',
    '["uuid"]',
    '"__proto__"',
    '"constructor"',
    '"../../x"',
  ],
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '{"toString":1}'],
  ...['{"length":1e9}', '"\\ud800"', `"${'x'.repeat(5_000)}"`],
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
];

/** Names that mean something to JavaScript. */
const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'then', 'length', '', '0', '-1', '\u0000'];

type Container = unknown[] | Record<string, unknown>;

/** A place in a document: a member of an object, or an element of a list. */
interface Place {
  readonly container: Container;
  readonly key: string;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function placesIn(root: Container): Place[] {
  const open = [root];
  const places: Place[] = [];
  for (const container of open) {
    for (const [key, value] of Object.entries(container)) {
      places.push({ container, key });
      if (isContainer(value)) open.push(value);
    }
  }
  return places;
}

/** Changes what is at a place. */
type Spoil = (place: Place, pick: number) => void;

/** As JSON.parse does it: a key `__proto__` is a key like any other. */
function put({ container, key }: Place, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Stands for an odd value until the text is written. */
const odd = (pick: number): string => `@odd ${pick % ODD_VALUES.length}@`;

const replaceValue: Spoil = (place, pick) => put(place, odd(pick));

const removeValue: Spoil = ({ container, key }) => {
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else Reflect.deleteProperty(container, key);
};

const addKey: Spoil = (place, pick) => {
  const { container } = place;
  if (Array.isArray(container)) container.push(odd(pick));
  else put({ container, key: KEYS[pick % KEYS.length] ?? '' }, pick % 2 === 0 ? odd(pick) : container[place.key]);
};

const SPOILS: readonly Spoil[] = [replaceValue, removeValue, addKey];

/**
 * Documents like the samples, in which some values and keys are others, or gone; nothing where no sample is JSON.
 */
export function spoiledJson(samples: readonly Sample[]): fc.Arbitrary<Uint8Array> | undefined {
  const documents = samples.map(({ text }) => readContainer(text)).filter((document) => document !== undefined);
  if (documents.length === 0) return undefined;
  const spoils = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...SPOILS), fc.nat(1_000)), {
    minLength: 1,
    maxLength: 4,
  });
  return fc.tuple(fc.constantFrom(...documents), spoils).map(([document, list]) => {
    const root: Container = structuredClone(document);
    for (const [at, spoil, pick] of list) {
      const places = placesIn(root);
      const place = places[at % places.length];
      if (place !== undefined) spoil(place, pick);
    }
    return Buffer.from(textOf(root));
  });
}

/** Most of the texts that {@link oddEverywhere} makes. */
const MOST = 1_500;

/** The sample with an odd value at each of its places: each value at each place, or so many of these where it is long. */
export function oddEverywhere({ text }: Sample): Uint8Array[] {
  const document = readContainer(text);
  if (document === undefined) return [];
  const all = placesIn(document).length * ODD_VALUES.length;
  const step = Math.ceil(all / MOST) || 1;
  return Array.from({ length: Math.ceil(all / step) }, (_, index) => {
    const root: Container = structuredClone(document);
    const pick = index * step;
    const place = placesIn(root)[Math.floor(pick / ODD_VALUES.length)];
    if (place !== undefined) replaceValue(place, pick);
    return Buffer.from(textOf(root));
  });
}

function textOf(root: Container): string {
  return JSON.stringify(root).replace(/"@odd (\d+)@"/g, (_, index: string) => ODD_VALUES[Number(index)] ?? 'null');
}

function readContainer(text: string): Container | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isContainer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

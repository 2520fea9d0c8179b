import { describe, expect, it, jest } from '@jest/globals';
import { asJson, type Exchange } from './exchange.ts';
import { EXCHANGES } from './exchanges/index.ts';

jest.setTimeout(240_000);

/** A field of a document, and what no reader makes of it. */
const WITHOUT_MEANING: Readonly<Record<string, readonly string[]>> = {
  // Names for people, and what the configuration of the device plugin says as well.
  'node-state-spec': ['generation', 'isRdma', 'name', 'policyName', 'resourceName'],
  handover: ['because'],
};

/** For a text that has to be one of few. */
const OTHER_WORDS: Readonly<Record<string, string>> = { '0-3': '0-2', switchdev: 'legacy', IB: 'ETH', virtio: '' };

type Path = readonly (string | number)[];

/** The first leaf with each name. */
function leavesOf(value: unknown, path: Path = []): Map<string, Path> {
  if (typeof value !== 'object' || value === null) {
    const name = path.findLast((part) => typeof part === 'string') ?? '';
    return new Map([[name, path]]);
  }
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const found = new Map<string, Path>();
  for (const [key, inner] of entries as [string | number, unknown][]) {
    for (const [name, leaf] of leavesOf(inner, [...path, key])) if (!found.has(name)) found.set(name, leaf);
  }
  return found;
}

/** The document with another value at the path. */
function changed(value: unknown, [first, ...rest]: Path): unknown {
  if (first === undefined) return another(value);
  if (Array.isArray(value)) return value.map((each: unknown, index) => (index === first ? changed(each, rest) : each));
  return { ...(value as object), [first]: changed((value as Record<string, unknown>)[first], rest) };
}

function another(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  return OTHER_WORDS[String(value)] ?? `${String(value)}x`;
}

/** What is made of a document, or that nothing can be made of it. */
const understood = (exchange: Exchange, document: unknown): Promise<string> =>
  exchange.understand(document).then(
    (value) => JSON.stringify(value),
    () => 'nothing',
  );

describe.each(EXCHANGES.filter(({ name }) => name in WITHOUT_MEANING).map((each) => [each.name, each] as const))(
  'in %s',
  (name, exchange) => {
    it('a change of each field shows in what the readers make of it, but for those that mean nothing to them', async () => {
      const documents = Object.values(asJson(await exchange.write()));
      const unnoticed = new Set(documents.flatMap((document) => [...leavesOf(document).keys()]));
      for (const document of documents) {
        const before = await understood(exchange, document);
        for (const [field, path] of leavesOf(document)) {
          // One document in which it shows is enough.
          if (unnoticed.has(field) && (await understood(exchange, changed(document, path))) !== before) {
            unnoticed.delete(field);
          }
        }
      }
      expect([...unnoticed].sort()).toEqual([...(WITHOUT_MEANING[name] ?? [])].sort());
    });
  },
);

import { describe, expect, it } from '@jest/globals';
import { corpus, type Input, sampleOf } from './corpus.ts';
import { survives } from './survives.ts';

class OurError extends Error {}

const samples = [sampleOf('a list', '[{"name":"ens1","mtu":1500}]')];
const parser = { samples, errors: [OurError] };

/** Reads the JSON, and says of anything else that it is none. */
function json({ text }: Input): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OurError('no JSON');
  }
}

const rows = (input: Input): { name?: string; mtu?: unknown }[] => {
  const value = json(input);
  if (!Array.isArray(value)) throw new OurError('no list');
  return value.map((each: unknown) => Object(each) as { name?: string; mtu?: unknown });
};

describe('a parser', () => {
  it('that refuses what it does not understand in words of ours is fine', async () => {
    await survives((input) => rows(input).map(({ name }) => String(name?.length)), parser);
  });

  it('that never throws is fine', async () => {
    await survives(({ text }) => text.length, { samples });
  });

  it.each<[string, RegExp, (input: Input) => unknown]>([
    ['lets an error of JavaScript through', /throws SyntaxError/, ({ text }): unknown => JSON.parse(text)],
    ['believes that a member is there', /throws TypeError/, (input) => rows(input).map(({ name }) => name!.trim())],
    ['makes NaN of a text', /has the number NaN/, (input) => rows(input).map(({ mtu }) => ({ mtu: Number(mtu) }))],
    ['lets an infinite number through', /has the number -?Infinity/, (input) => rows(input).map(({ mtu }) => [mtu])],
    [
      'takes a name for a key of its table',
      /has a function|has an object with the prototype/,
      (input) => rows(input).map(({ name }) => (typeof name === 'string' ? ({ ETH: 1 }[name] ?? 0) : 0)),
    ],
    [
      'lets a key become a prototype',
      /an object with the prototype/,
      (input) => {
        const copy: Record<string, unknown> = {};
        for (const row of rows(input)) for (const [key, value] of Object.entries(row)) copy[key] = value && 1;
        for (const row of rows(input)) for (const [key, value] of Object.entries(row)) copy[key] = Object(value);
        return copy['__proto__'] === Object.prototype ? {} : copy;
      },
    ],
    [
      'is not ready for bytes that are no text',
      /throws TypeError/,
      ({ bytes }) => new TextDecoder('utf-8', { fatal: true }).decode(bytes).length,
    ],
  ])('that %s is found out', async (_, fault, parse) => {
    await expect(survives(parse, parser)).rejects.toThrow(fault);
  });
});

describe('a corpus', () => {
  it('that is not there is a mistake of the test', () => {
    expect(() => corpus(import.meta.dirname, 'x')).toThrow();
  });
});

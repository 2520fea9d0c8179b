import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSameJson } from './same-json.ts';

const parse = (text: string): unknown => JSON.parse(text) as unknown;

describe('isSameJson', () => {
  it('says of two values what comparing their texts says, but for the order of members', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.json({ maxDepth: 3 }), (a, b) => {
        const text = (json: string): string => JSON.stringify(parse(json));
        expect(isSameJson(parse(a), parse(a))).toBe(true);
        if (text(a) === text(b)) expect(isSameJson(parse(a), parse(b))).toBe(true);
      }),
    );
  });

  it.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}', true],
    ['{"a":1}', '{"a":1,"b":null}', false],
    ['{"toString":1}', '{"b":1}', false],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}', false],
    ['{"__proto__":{}}', '{"a":{}}', false],
    ['[]', '{}', false],
    ['["a"]', '{"0":"a"}', false],
    ['null', '{}', false],
    ['1', '"1"', false],
  ])('of %s and %s: %s', (a, b, expected) => {
    expect(isSameJson(parse(a), parse(b))).toBe(expected);
  });

  it('compares what is nested deeper than the stack is', () => {
    const deep = (inner: string): unknown => parse(`${'[{"a":'.repeat(50_000)}${inner}${'}]'.repeat(50_000)}`);
    expect([isSameJson(deep('1'), deep('1')), isSameJson(deep('1'), deep('2'))]).toEqual([true, false]);
  });
});

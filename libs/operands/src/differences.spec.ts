import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findDifferences } from './differences.ts';
import { canonicalJson, isJsonList, isJsonObject, type Json } from './json.ts';

describe('differences', () => {
  it.each<[string, Json, Json | undefined, string[]]>([
    ['are none between equal values', { a: [1, { b: '2' }] }, { a: [1, { b: '2' }] }, []],
    ['are none where something was added', { a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, []],
    ['are another value', { a: { b: 1 } }, { a: { b: 2 } }, ['a.b']],
    ['are a member that is gone', { a: { b: 1 } }, { a: {} }, ['a.b']],
    ['are none of what every object inherits', { toString: 'x' }, {}, ['toString']],
    ['are a text in place of an object', { a: { b: 1 } }, { a: 'b' }, ['a']],
    ['are a text in place of a list', { a: [1] }, { a: '1' }, ['a']],
    ['are an object in place of a list', { a: [1] }, { a: { 0: 1 } }, ['a']],
    ['are everything when there is nothing', { a: 1 }, undefined, ['']],
    ['are a list without keys that is longer', { args: ['a'] }, { args: ['a', 'b'] }, ['args']],
    ['are an element of a list without keys', { args: ['a', 'b'] }, { args: ['a', 'c'] }, ['args[1]']],
    ['are none where an element got defaults', { tolerations: [{ a: 1 }] }, { tolerations: [{ a: 1, b: 2 }] }, []],
    [
      'are none in a list with keys that somebody added to and sorted',
      { env: [{ name: 'A' }, { name: 'B', value: '2' }] },
      { env: [{ name: 'C' }, { name: 'B', value: '2' }, { name: 'A' }] },
      [],
    ],
    [
      'name the element by its key',
      { spec: { containers: [{ name: 'main', image: '1' }, { name: 'side' }] } },
      { spec: { containers: [{ name: 'main', image: '2' }] } },
      ['spec.containers["main"].image', 'spec.containers["side"]'],
    ],
  ])('%s', (_, wanted, present, expected) => {
    expect(findDifferences(wanted, present)).toEqual(expected);
  });

  const json = fc.jsonValue() as fc.Arbitrary<Json>;

  it('are none between a value and itself, whatever the order of its members', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(findDifferences(value, JSON.parse(canonicalJson(value)) as unknown as Json)).toEqual([]);
      }),
    );
  });

  it('are found when both ways show none only for equal values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const isSame = findDifferences(a, b).length === 0 && findDifferences(b, a).length === 0;
        expect(isSame).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });
});

describe('canonical JSON', () => {
  it('has the members of every object in order, and lists as they are', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 'z', 'a'], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},"z","a"]}');
  });

  it.each<[Json | undefined, boolean, boolean]>([
    [{}, true, false],
    [[], false, true],
    [null, false, false],
    ['a', false, false],
    [undefined, false, false],
  ])('knows whether %j is an object or a list', (value, isObject, isList) => {
    expect([isJsonObject(value), isJsonList(value)]).toEqual([isObject, isList]);
  });
});

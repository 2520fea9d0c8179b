import { expect, it } from '@jest/globals';
import { counted, describeDuration, listChoices, listLines, listSome } from './amounts.ts';

it.each([
  [0, '0 nodes'],
  [1, '1 node'],
  [2, '2 nodes'],
])('%d of something is counted', (count, expected) => expect(counted(count, 'node')).toBe(expected));

it.each([
  [30_000, '30 s'],
  [2_500, '2.5 s'],
])('a duration of %d ms is described', (ms, expected) => expect(describeDuration(ms)).toBe(expected));

it.each<[string[], string]>([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b'], 'a, b'],
  [['a', 'b', 'c'], 'a, b and 1 more'],
  [['a', 'b', 'c', 'd'], 'a, b and 2 more'],
])('of the names %j at most two are listed', (names, expected) => expect(listSome(names, 2)).toBe(expected));

it('of names at most five are listed, where nothing else is asked for', () => {
  expect(listSome(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c, d, e and 1 more');
});

it.each<[string[], string]>([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b', 'c', 'd'], 'a or b or c'],
])('of the choices %j at most three are listed', (names, expected) => expect(listChoices(names)).toBe(expected));

it.each<[string[], string[]]>([
  [[], []],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [
    ['a', 'b', 'c'],
    ['a', 'b', 'and 1 more'],
  ],
])('of the lines %j at most two are listed', (lines, expected) => expect(listLines(lines, 2)).toEqual(expected));

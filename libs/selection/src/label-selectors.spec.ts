import { describe, expect, it } from '@jest/globals';
import { type LabelSelector } from '@sriov/api';
import { matchesLabels, selectorMatches } from './label-selectors.ts';

describe('labels match a selector', () => {
  it.each([
    ['that is empty', {}, { a: '1' }, true],
    ['that is empty, without labels', {}, undefined, true],
    ['of which all pairs are there', { a: '1' }, { a: '1', b: '2' }, true],
    ['unless a value differs', { a: '1' }, { a: '2' }, false],
    ['unless a key is missing', { a: '1', b: '2' }, { a: '1' }, false],
    ['unless there are no labels', { a: '1' }, undefined, false],
    ['of an empty value, where the label is there', { worker: '' }, { worker: '' }, true],
    ['of an empty value, unless the label is missing', { worker: '' }, {}, false],
  ])('%s', (_, selector, labels, expected) => {
    expect(matchesLabels(selector as Record<string, string>, labels as Record<string, string>)).toBe(expected);
  });
});

describe('a label selector', () => {
  const expression = (key: string, operator: string, values?: string[]): LabelSelector => ({
    matchExpressions: [{ key, operator, ...(values && { values }) }],
  });

  it.each<[string, LabelSelector | undefined, Record<string, string>, boolean]>([
    ['selects everything when it is absent', undefined, { a: '1' }, true],
    ['selects everything when it is empty', {}, {}, true],
    ['wants all labels', { matchLabels: { a: '1', b: '2' } }, { a: '1' }, false],
    ['wants labels and expressions', { matchLabels: { a: '1' }, ...expression('b', 'Exists') }, { a: '1' }, false],
    ['knows In', expression('zone', 'In', ['a', 'b']), { zone: 'b' }, true],
    ['knows In, with another value', expression('zone', 'In', ['a', 'b']), { zone: 'c' }, false],
    ['knows In, without the label', expression('zone', 'In', ['a']), {}, false],
    ['knows NotIn', expression('zone', 'NotIn', ['a']), { zone: 'a' }, false],
    ['knows NotIn, with another value', expression('zone', 'NotIn', ['a']), { zone: 'b' }, true],
    ['knows NotIn, without the label', expression('zone', 'NotIn', ['a']), {}, true],
    ['knows Exists', expression('zone', 'Exists'), { zone: '' }, true],
    ['knows Exists, without the label', expression('zone', 'Exists'), {}, false],
    ['knows DoesNotExist', expression('zone', 'DoesNotExist'), { zone: '' }, false],
    ['knows DoesNotExist, without the label', expression('zone', 'DoesNotExist'), {}, true],
    ['selects nothing by an operator that does not exist', expression('zone', 'Near'), { zone: 'a' }, false],
  ])('%s', (_, selector, labels, selects) => {
    expect(selectorMatches(selector, labels)).toBe(selects);
  });
});

describe.each(['constructor', 'toString', '__proto__'])('a selector that speaks of %s', (name) => {
  const expression = (operator: string, values: string[] = []): Parameters<typeof selectorMatches>[0] => ({
    matchExpressions: [{ key: name, operator, values }],
  });
  const labelled = Object.fromEntries([[name, 'x']]);

  it('knows the labels that are there, and no others', () => {
    expect(selectorMatches(expression('Exists'), {})).toBe(false);
    expect(selectorMatches(expression('DoesNotExist'), {})).toBe(true);
    expect(selectorMatches(expression('Exists'), labelled)).toBe(true);
    expect(selectorMatches(expression('NotIn', ['x']), labelled)).toBe(false);
  });

  it('matches a selector by that label alone', () => {
    expect([matchesLabels(labelled, {}), matchesLabels(labelled, labelled)]).toEqual([false, true]);
  });
});

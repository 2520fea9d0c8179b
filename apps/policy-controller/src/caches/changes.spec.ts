import { describe, expect, it } from '@jest/globals';
import { type ConfigMap } from '@sriov/kube';
import { changedKeys, isSpecChange } from './changes.ts';

const at = (generation?: number): { metadata: { name: string; generation?: number } } => ({
  metadata: { name: 'a', ...(generation !== undefined && { generation }) },
});

describe('isSpecChange', () => {
  it.each([
    ['an object that came', { type: 'added', object: at(1) }, true],
    ['one that went', { type: 'deleted', object: at(1) }, true],
    ['one that is told again', { type: 'resynced', object: at(1) }, true],
    ['a new generation', { type: 'updated', object: at(2), previous: at(1) }, true],
    ['a new status', { type: 'updated', object: at(2), previous: at(2) }, false],
    ['a kind without generations', { type: 'updated', object: at(), previous: at() }, true],
  ] as const)('%s', (_, change, expected) => {
    expect(isSpecChange(change)).toBe(expected);
  });
});

describe('changedKeys', () => {
  const map = (data?: Record<string, string>): ConfigMap => ({ metadata: { name: 'm' }, ...(data && { data }) });
  it.each([
    ['of one that came', { type: 'added', object: map({ a: '1', b: '2' }) }, ['a', 'b']],
    ['of one that went', { type: 'deleted', object: map({ a: '1' }) }, ['a']],
    ['of one without data', { type: 'added', object: map() }, []],
    [
      'of an update',
      { type: 'updated', object: map({ a: '1', b: '3', d: '4' }), previous: map({ a: '1', b: '2', c: '3' }) },
      ['b', 'c', 'd'],
    ],
    ['of an update that emptied it', { type: 'updated', object: map(), previous: map({ a: '1' }) }, ['a']],
    ['of an update that filled it', { type: 'updated', object: map({ a: '1' }), previous: map() }, ['a']],
  ] as const)('%s', (_, change, expected) => {
    expect(changedKeys(change)).toEqual(expected);
  });
});

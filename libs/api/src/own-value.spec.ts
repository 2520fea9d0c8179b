import { describe, expect, it } from '@jest/globals';
import { ownValue } from './own-value.ts';

describe.each(['constructor', 'toString', '__proto__'])('a table asked for %s', (key) => {
  it('has only what was put there', () => {
    const table = Object.fromEntries([[key, 'mine']]);
    expect([ownValue({}, key), ownValue(undefined, key), ownValue(table, key)]).toEqual([undefined, undefined, 'mine']);
  });
});

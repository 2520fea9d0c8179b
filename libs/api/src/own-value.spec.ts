import { describe, expect, it } from '@jest/globals';
import { matchesLabels } from './label-selector.ts';
import { ownValue } from './own-value.ts';

describe.each(['constructor', 'toString', '__proto__'])('a table asked for %s', (key) => {
  it('has only what was put there', () => {
    const table = JSON.parse(`{"${key}": "mine"}`) as Record<string, string>;
    expect([ownValue({}, key), ownValue(undefined, key), ownValue(table, key)]).toEqual([undefined, undefined, 'mine']);
  });

  it('matches a selector by that label alone', () => {
    const labels = JSON.parse(`{"${key}": "mine"}`) as Record<string, string>;
    expect([matchesLabels(labels, {}), matchesLabels(labels, labels)]).toEqual([false, true]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { findSelectorFault, selectorMatches } from './pools.ts';

describe.each(['constructor', 'toString', '__proto__'])('a selector that speaks of %s', (name) => {
  const expression = (operator: string, values: string[] = []): Parameters<typeof selectorMatches>[0] => ({
    matchExpressions: [{ key: name, operator, values }],
  });
  const labelled = JSON.parse(`{"${name}":"x"}`) as Record<string, string>;

  it('knows the labels that are there, and no others', () => {
    expect(selectorMatches(expression('Exists'), {})).toBe(false);
    expect(selectorMatches(expression('DoesNotExist'), {})).toBe(true);
    expect(selectorMatches(expression('Exists'), labelled)).toBe(true);
    expect(selectorMatches(expression('NotIn', ['x']), labelled)).toBe(false);
  });

  it('does not take it for an operator', () => {
    const nodeSelector = { matchExpressions: [{ key: 'a', operator: name }] };
    expect(findSelectorFault({ nodeSelector })).toContain('the operator must be one of In, NotIn, Exists');
  });
});

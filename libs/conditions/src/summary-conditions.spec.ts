import { describe, expect, it } from '@jest/globals';
import { type Summary, summaryConditions } from './summary-conditions.ts';

describe('summaryConditions', () => {
  it.each<[Summary, string[]]>([
    ['ready', ['Ready=True', 'Progressing=False', 'Degraded=False']],
    ['progressing', ['Ready=False', 'Progressing=True', 'Degraded=False']],
    ['degraded', ['Ready=False', 'Progressing=False', 'Degraded=True']],
    ['idle', ['Ready=False', 'Progressing=False', 'Degraded=False']],
  ])('of an object that is %s', (summary, expected) => {
    const conditions = summaryConditions(summary, { reason: 'Because', message: 'of this' });
    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual(expected);
    for (const { reason, message } of conditions) expect([reason, message]).toEqual(['Because', 'of this']);
  });
});

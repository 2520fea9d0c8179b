import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BootResult, begun, bootResultText, ended, isDue, neverRun, readBootResult } from './boot-result.ts';

describe('the result of a boot', () => {
  it('is written as upstream writes it, with the boot below', () => {
    expect(bootResultText(ended('post', { failure: 'no "ens1"\nat all', bootId: 'b1' }))).toBe(
      'syncStatus: Failed\nlastSyncError: "post: no \\"ens1\\"\\nat all"\nbootId: b1\n',
    );
  });

  it.each<[string, string, BootResult | undefined]>([
    ['of upstream', 'syncStatus: Succeeded\nlastSyncError: ""\n', { syncStatus: 'Succeeded', lastSyncError: '' }],
    [
      'of upstream without quotation marks',
      'syncStatus: Failed\nlastSyncError: pre: no such device\n',
      { syncStatus: 'Failed', lastSyncError: 'pre: no such device' },
    ],
    ['that is empty', '', undefined],
    ['that is cut off', 'syncStat', undefined],
    ['with another status', 'syncStatus: Done\n', undefined],
  ])('is read from a file %s', (_, text, expected) => {
    expect(readBootResult(text)).toEqual(expected);
  });

  it('is read as it was written, whatever went wrong', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('pre' as const, 'post' as const),
        (failure, phase) => {
          const result = ended(phase, { failure, bootId: 'b1' });
          expect(readBootResult(bootResultText(result))).toEqual(result);
        },
      ),
    );
  });
});

describe('a phase', () => {
  const done = ended('pre', { bootId: 'b1' });
  it.each<[string, BootResult | undefined, readonly ('pre' | 'post')[]]>([
    ['the first boot', undefined, ['pre', 'post']],
    ['a boot after another one', ended('post', { bootId: 'b0' }), ['pre', 'post']],
    ['a boot after one of upstream', { syncStatus: 'Succeeded', lastSyncError: '' }, ['pre', 'post']],
    ['the first phase', done, ['post']],
    ['a first phase that was killed', begun('pre', 'b1'), ['post']],
    ['a first phase that failed', ended('pre', { failure: 'f', bootId: 'b1' }), ['post']],
    ['the second phase', ended('post', { bootId: 'b1' }), []],
    ['a second phase that made good', ended('post', { before: 'pre: f', bootId: 'b1' }), []],
    ['a second phase that was killed: pods may run', begun('post', 'b1'), []],
    ['a second phase that failed', ended('post', { failure: 'f', bootId: 'b1' }), []],
    ['a boot in which the daemon came first', neverRun('b1'), []],
  ])('is due after %s', (_, known, due) => {
    expect((['pre', 'post'] as const).filter((phase) => isDue(phase, known, 'b1'))).toEqual(due);
  });
});

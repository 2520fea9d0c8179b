import { expect, it } from '@jest/globals';
import { formatVfIds } from './format-vf-ids.ts';

it.each<[string, number[], string]>([
  ['no VF', [], ''],
  ['one VF', [4], '4'],
  ['neighbours', [0, 1, 2, 3], '0-3'],
  ['two neighbours', [6, 7], '6-7'],
  ['VFs that are apart', [1, 3, 5], '1, 3, 5'],
  ['runs and single VFs', [0, 1, 2, 5, 7, 8], '0-2, 5, 7-8'],
])('VF ids in a sentence: %s', (_, ids, text) => {
  expect(formatVfIds(ids)).toBe(text);
});

import { expect, it } from '@jest/globals';
import { alignColumns } from './align-columns.ts';

it.each<[string, string[][], string, string[]]>([
  ['no rows', [], '', []],
  [
    'a cell that is wider than its heading',
    [
      ['A', 'B'],
      ['long', 'x'],
    ],
    '',
    ['A     B', 'long  x'],
  ],
  [
    'empty cells at the end, without blanks there',
    [
      ['A', 'B'],
      ['a', ''],
    ],
    '',
    ['A  B', 'a'],
  ],
  ['rows of unlike length', [['A'], ['a', 'b']], '', ['A', 'a  b']],
  [
    'an indent',
    [
      ['', 'B'],
      ['a', 'b'],
    ],
    '  ',
    ['     B', '  a  b'],
  ],
])('columns are aligned with %s', (_, rows, indent, lines) => expect(alignColumns(rows, indent)).toEqual(lines));

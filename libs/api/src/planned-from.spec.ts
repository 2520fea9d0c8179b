import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from './names.ts';
import { formatPlannedFrom, readPlannedFrom } from './planned-from.ts';

const read = (text: string | undefined): string[] | undefined => {
  const annotations = text === undefined ? {} : { [ANNOTATION.plannedFrom]: text };
  const plannedFrom = readPlannedFrom({ metadata: { name: 'n1', annotations } });
  return plannedFrom && [...plannedFrom];
};

describe('the PFs that a spec was planned from', () => {
  it.each<[string, string | undefined, string[] | undefined]>([
    ['are unknown without the annotation', undefined, undefined],
    ['are none in an empty text', '', []],
    ['are those between commas', '0000:3b:00.0,0000:3b:00.1', ['0000:3b:00.0', '0000:3b:00.1']],
    ['may have blanks around them', ' 0000:3b:00.0 , 0000:3b:00.1 ', ['0000:3b:00.0', '0000:3b:00.1']],
    ['are not the nothing between two commas', '0000:3b:00.0,, ,', ['0000:3b:00.0']],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('are unknown for an object without annotations', () => {
    expect(readPlannedFrom({ metadata: { name: 'n1' } })).toBeUndefined();
  });

  it('are written in order, so that the same PFs are the same text', () => {
    expect(formatPlannedFrom(new Set(['b', 'a', 'c']))).toBe('a,b,c');
    expect(formatPlannedFrom(new Set())).toBe('');
    expect(read(formatPlannedFrom(new Set(['b', 'a'])))).toEqual(['a', 'b']);
  });
});

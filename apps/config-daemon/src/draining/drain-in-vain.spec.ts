import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { isPausing, readDrainInVain } from './drain-in-vain.ts';

const RECORD = { generation: 3, at: '2026-05-01T10:00:00Z', times: 1, of: ['0000:01:00.0'] };
const read = (text: string | undefined, generation = 3): unknown => {
  const annotations = text === undefined ? {} : { [ANNOTATION.drainInVain]: text };
  return readDrainInVain({ metadata: { name: 'n', generation, annotations } });
};

describe('the record of a drain in vain', () => {
  it('counts for the spec that it is about', () => {
    expect(read(JSON.stringify(RECORD))).toEqual(RECORD);
    expect(read(JSON.stringify(RECORD), 4)).toBeUndefined();
    expect(read(undefined)).toBeUndefined();
  });

  it.each(['', '{', 'null', '{"generation":3}', JSON.stringify({ ...RECORD, times: 0 })])(
    'that is %s is none: the node asks',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );

  it.each([
    ['2026-05-01T09:59:59Z', false],
    ['2026-05-01T10:00:00Z', true],
    ['2026-05-01T10:59:59Z', true],
    ['2026-05-01T11:00:00Z', false],
  ])('at %s keeps the node from asking: %s', (now, expected) => {
    expect(isPausing(RECORD, Date.parse(now))).toBe(expected);
  });

  it('with a time that nobody can read holds nobody up', () => {
    expect(isPausing({ ...RECORD, at: 'soon' }, Date.parse(RECORD.at))).toBe(false);
  });
});

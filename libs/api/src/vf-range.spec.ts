import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatVfRange, parsePfSelector, parseVfRange, rangeContains, rangesOverlap } from './vf-range.ts';

const range = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

describe('a VF range', () => {
  it.each([
    ['0-0', 0, 0],
    ['0-3', 0, 3],
    ['12-127', 12, 127],
    ['007-010', 7, 10],
  ])('%s is read', (text, first, last) => {
    expect(parseVfRange(text)).toEqual({ ok: true, value: { first, last } });
  });

  it.each(['', '3', '0-', '-3', 'a-b', '0-3 ', ' 0-3', '0–3', '0-3-5', '0,3', '1.0-2', '+1-2', '0-123456', '0x0-0x3'])(
    '"%s" is refused',
    (text) => {
      expect(parseVfRange(text)).toEqual({
        ok: false,
        message: `"${text}" is not a VF range of the form first-last, such as 0-3`,
      });
    },
  );

  it('must not end before it begins', () => {
    expect(parseVfRange('3-1')).toEqual({ ok: false, message: 'the VF range "3-1" ends before it begins' });
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(range, (each) => {
        expect(parseVfRange(formatVfRange(each))).toEqual({ ok: true, value: each });
      }),
    );
  });

  it('overlaps another one exactly when they share a VF', () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        const ids = Array.from({ length: 256 }, (_, id) => id);
        const shared = ids.some((id) => rangeContains(a, id) && rangeContains(b, id));
        expect(rangesOverlap(a, b)).toBe(shared);
        expect(rangesOverlap(b, a)).toBe(shared);
      }),
    );
  });

  it('contains what lies between its ends, and its ends', () => {
    expect([1, 2, 3, 4, 5].map((id) => rangeContains({ first: 2, last: 4 }, id))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('an entry of pfNames', () => {
  it.each([
    ['ens1f0', { name: 'ens1f0' }],
    ['ens1f0#0-3', { name: 'ens1f0', range: { first: 0, last: 3 } }],
    ['eth0.100#2-2', { name: 'eth0.100', range: { first: 2, last: 2 } }],
  ])('%s is read', (text, value) => {
    expect(parsePfSelector(text)).toEqual({ ok: true, value });
  });

  it.each([
    ['', '"" names no interface'],
    ['#0-3', '"#0-3" names no interface'],
    ['ens1##1-2', '"ens1##1-2" has more than one "#"'],
    ['ens1#3', 'in "ens1#3": "3" is not a VF range of the form first-last, such as 0-3'],
    ['ens1#', 'in "ens1#": "" is not a VF range of the form first-last, such as 0-3'],
    ['ens1#3-1', 'in "ens1#3-1": the VF range "3-1" ends before it begins'],
  ])('"%s" is refused', (text, message) => {
    expect(parsePfSelector(text)).toEqual({ ok: false, message });
  });
});

import { describe, expect, it } from '@jest/globals';
import { readGuid } from './guid.ts';

describe('the text of a GUID', () => {
  it.each([
    ['with colons', '02:00:00:00:00:00:01:0a', '02:00:00:00:00:00:01:0a'],
    ['with dashes', '02-00-00-00-00-00-01-0a', '02:00:00:00:00:00:01:0a'],
    ['with dots', '0200.0000.0000.010a', '02:00:00:00:00:00:01:0a'],
    ['in capitals', 'B8:59:9F:03:00:F9:8F:86', 'b8:59:9f:03:00:f9:8f:86'],
    ['of zeros', '00:00:00:00:00:00:00:00', '00:00:00:00:00:00:00:00'],
  ])('is read %s', (_, text, expected) => {
    expect(readGuid(text)).toBe(expected);
  });

  it.each([
    ['of six octets', '02:00:00:00:00:01'],
    ['of nine octets', '02:00:00:00:00:00:01:0a:00'],
    ['of twenty octets', Array(20).fill('02').join(':')],
    ['with two kinds of separators', '02:00:00:00-00:00:01:0a'],
    ['with something behind it', '02:00:00:00:00:00:01:0a\n'],
    ['with another digit', '02:00:00:00:00:00:01:0g'],
    ['that is empty', ''],
  ])('is none %s', (_, text) => {
    expect(readGuid(text)).toBeUndefined();
  });
});

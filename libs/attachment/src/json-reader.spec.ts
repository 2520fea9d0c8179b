import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readJson, readJsonSequence } from './json-reader.ts';
import { printJson, printWithin } from './json-text.ts';

const print = (source: string): string => {
  const node = readJson(source);
  return node.ok ? printJson(node.value) : node.message;
};

describe('readJson and printJson', () => {
  it('reads what JSON.parse reads, and prints what it prints', () => {
    fc.assert(
      fc.property(fc.json(), (source) => {
        const plain = JSON.parse(source) as unknown;
        // Negative zero is the one value that JSON.stringify does not write as it was read.
        if (source.includes('-0')) return;
        expect(JSON.parse(print(source))).toEqual(plain);
      }),
    );
  });

  it.each(['\u00a0', '\u2003', '\u3000', '\u2028', '\u0085', '\v'])(
    'reads over the blank %j between tokens, as upstream does, and keeps it in a string',
    (blank) => {
      expect(print(`{${blank}"type"${blank}:"a${blank === '\v' ? '' : blank}b"}`)).toBe(
        `{\n    "type": "a${blank === '\v' ? '' : blank}b"\n}`,
      );
      expect(print('{\u200b"type":"static"}')).toContain('line 1, column 2');
    },
  );

  it('accepts no text that JSON.parse refuses, and refuses none that it accepts', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      ' ',
      '\n',
      '\\',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const source = parts.join('');
        let isValid = true;
        try {
          JSON.parse(source);
        } catch {
          isValid = false;
        }
        expect(readJson(source).ok).toBe(isValid);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [
      'the text of numbers',
      '[1.0, 1e3, 12345678901234567890, -0]',
      '[\n    1.0,\n    1e3,\n    12345678901234567890,\n    -0\n]',
    ],
    ['the order of members', '{"b":1,"a":2,"10":3}', '{\n    "b": 1,\n    "a": 2,\n    "10": 3\n}'],
    ['members that stand twice', '{"a":1,"a":2}', '{\n    "a": 1,\n    "a": 2\n}'],
    [
      'escapes',
      String.raw`{"a\u002fb":"\u00e9\/"}`,
      String.raw`{
    "a\u002fb": "\u00e9\/"
}`,
    ],
    ['blanks within strings', '{"a" : "b  c"}', '{\n    "a": "b  c"\n}'],
    ['empty containers', '{"a":{},"b":[ ]}', '{\n    "a": {},\n    "b": []\n}'],
  ])('keeps %s', (_, source, printed) => {
    expect(print(source)).toBe(printed);
  });

  it.each([
    ['{"a": 1,\n "b" 2}', 'line 2, column 6: ":" is expected, not "2}"'],
    ["{'a': 1}", 'line 1, column 2: a member name in double quotes is expected, not "\'a\': 1}"'],
    ['{"a": 1} x', 'line 1, column 10: the end is expected, not "x"'],
    ['[1,]', 'line 1, column 4: a value is expected, not "]"'],
    ['{"a": 1', 'line 1, column 8: "," or "}" is expected, not the end'],
    ['', 'line 1, column 1: a value is expected, not the end'],
    ['['.repeat(70), 'line 1, column 65: nested deeper than 64 levels'],
  ])('says where %j goes wrong', (source, message) => {
    expect(readJson(source)).toEqual({ ok: false, message });
  });
});

describe('printWithin', () => {
  const within = (source: string, most: number): string | undefined => {
    const node = readJson(source);
    return node.ok ? printWithin(node.value, most) : undefined;
  };

  it('indents what fits to the last character, else leaves the blanks out, and never exceeds its bound', () => {
    fc.assert(
      fc.property(fc.json(), fc.double({ min: 0, max: 1, noNaN: true }), (source, share) => {
        const indented = print(source);
        expect(within(source, indented.length)).toBe(indented);
        const most = Math.floor(share * indented.length);
        const printed = within(source, most);
        if (printed === undefined) return;
        expect(printed.length).toBeLessThanOrEqual(most);
        expect(JSON.parse(printed)).toEqual(JSON.parse(indented));
      }),
    );
  });

  it('makes nothing of what does not fit either way', () => {
    expect(within('{"a":[1,2]}', 10)).toBeUndefined();
    expect(within('{"a":[1,2]}', 11)).toBe('{"a":[1,2]}');
  });
});

describe('readJsonSequence', () => {
  it('reads values separated by commas', () => {
    expect(readJsonSequence('{"a":1} , {"b":2}')).toMatchObject({ ok: true, value: [{}, {}] });
  });

  it('refuses a comma at the end', () => {
    expect(readJsonSequence('{},')).toEqual({
      ok: false,
      message: 'line 1, column 4: a value is expected, not the end',
    });
  });
});

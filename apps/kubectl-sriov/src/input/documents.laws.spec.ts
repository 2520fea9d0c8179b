import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { readDocuments } from './documents.ts';

const json = fc.jsonValue({ maxDepth: 4 });
const object = fc.dictionary(fc.string(), json, { noNullPrototype: true });
const eol = fc.constantFrom('\n', '\r\n');

/** Values whose YAML and JSON text is the same thing: -0 is 0 in JSON. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const read = (text: string): unknown[] => {
  const { documents, faults } = readDocuments({ name: 'f', text });
  expect(faults).toEqual([]);
  return documents.map(({ value }) => value);
};
/** YAML that is read the same by every reader; Lists as kubectl prints them, or indented. */
const yaml = (value: unknown, seqNoIndent: boolean): string => dump(value, { noRefs: true, seqNoIndent });

describe('readDocuments', () => {
  it('reads documents back, whatever is in their texts', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1 }), fc.boolean(), (written, seqNoIndent) => {
        const values = written.map(plain);
        expect(read(values.map((value) => yaml(value, seqNoIndent)).join('---\n'))).toEqual(values);
      }),
    );
  });

  it('reads Lists back as a whole, though it reads them item by item', () => {
    fc.assert(
      fc.property(fc.array(json), object, fc.boolean(), (written, rest, seqNoIndent) => {
        const value = plain({ apiVersion: 'v1', items: written, kind: 'List', metadata: rest });
        expect(read(yaml(value, seqNoIndent))).toEqual([value]);
      }),
    );
  });

  it('reads JSON back, pretty or not, one behind the other', () => {
    fc.assert(
      fc.property(fc.array(object, { minLength: 1 }), fc.constantFrom(0, 2), eol, (written, indent, lineEnd) => {
        const values = written.map(plain);
        expect(read(values.map((value) => JSON.stringify(value, undefined, indent)).join(lineEnd))).toEqual(values);
      }),
    );
  });

  it('never throws, and places each fault inside the text', () => {
    const text = fc.string({
      unit: fc.constantFrom('-', '.', ' ', '\n', '{', '}', '[', '"', ':', 'a', '#', '%', '&', '*', '|'),
    });
    fc.assert(
      fc.property(text, (written) => {
        const { faults } = readDocuments({ name: 'f', text: written });
        for (const { place } of faults) {
          expect(place.line).toBeGreaterThan(0);
          expect(place.line).toBeLessThanOrEqual(written.split('\n').length + 1);
        }
      }),
    );
  });
});

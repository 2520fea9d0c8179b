import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonMessages } from './json-messages.ts';

describe('objects that stand behind one another', () => {
  it('are the same however they come', () => {
    const objects = fc.array(
      fc.dictionary(
        fc.string({ unit: 'binary' }),
        fc.json().map((text) => JSON.parse(text) as unknown),
      ),
    );
    fc.assert(
      fc.property(objects, fc.array(fc.nat(20), { minLength: 1 }), (all, sizes) => {
        const text = all.map((each) => JSON.stringify(each)).join('');
        const messages = new JsonMessages();
        const found: string[] = [];
        for (let at = 0, part = 0; at < text.length; part += 1) {
          const size = 1 + (sizes[part % sizes.length] ?? 0);
          found.push(...messages.push(text.slice(at, at + size)));
          at += size;
        }
        expect(found.map((each) => JSON.parse(each) as unknown)).toEqual(JSON.parse(JSON.stringify(all)));
        expect(messages.pending).toBe(0);
      }),
    );
  });

  it('are not there before they are complete', () => {
    const messages = new JsonMessages();
    expect(messages.push('{"a": "}')).toEqual([]);
    expect(messages.pending).toBe(8);
    expect(messages.push('\\"{"}\n{')).toEqual(['{"a": "}\\"{"}']);
  });
  it('are looked at once, however many pieces one comes in', () => {
    const messages = new JsonMessages();
    messages.push('{"a": "');
    const piece = 'x'.repeat(1_000);
    const begin = performance.now();
    for (let count = 0; count < 10_000; count += 1) messages.push(piece);
    expect(messages.push('"}').map(({ length }) => length)).toEqual([10_000_009]);
    // Copied for each piece, these would be 50 GB.
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});

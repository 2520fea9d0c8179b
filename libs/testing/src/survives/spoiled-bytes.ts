import fc from 'fast-check';
import { type Sample } from './corpus.ts';

/** What stands between other things, or means something to a parser: NUL, lone halves of UTF-8, huge numbers. */
const TOKENS = [
  ...['\0', '\r\n', '\n', '\t', ' ', '\\', '"', "'", '{', '}', '[', ']', ',', ':', '=', '/', '../', '%s', '\u2028'],
  ...['-1', '0x', '1e999', '99999999999999999999', 'NaN', 'null', '__proto__', '\u001b[31m'],
].map((text) => Buffer.from(text));
const NO_UTF8 = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]].map((bytes) => Buffer.from(bytes));

/** Bytes like those of the samples, some of which are gone, doubled or others. */
export function spoiledBytes(samples: readonly Sample[]): fc.Arbitrary<Uint8Array> {
  const spoil = fc.record({
    at: fc.nat(),
    length: fc.nat(40),
    with: fc.oneof(fc.constantFrom(...TOKENS, ...NO_UTF8), fc.uint8Array({ maxLength: 4 }), fc.constant('double')),
  });
  const spoils = fc.array(spoil, { minLength: 1, maxLength: 4 });
  return fc.tuple(fc.constantFrom(...samples), spoils).map(([{ bytes }, list]) => {
    let spoiled = Buffer.from(bytes);
    for (const { at, length, with: put } of list) {
      const start = at % (spoiled.length + 1);
      const [before, cut, after] = [
        spoiled.subarray(0, start),
        spoiled.subarray(start, start + length),
        spoiled.subarray(start + length),
      ];
      spoiled = Buffer.concat([before, put === 'double' ? Buffer.concat([cut, cut]) : put, after]);
    }
    return spoiled;
  });
}

/** Most cuts of one sample. */
const CUTS = 2_000;

/** The sample, cut off after each of its bytes, or after so many of them where it is long. */
export function truncations({ bytes }: Sample): Uint8Array[] {
  const step = Math.ceil(bytes.length / CUTS) || 1;
  return Array.from({ length: Math.ceil(bytes.length / step) }, (_, index) => bytes.subarray(0, index * step));
}

/** 10 MB: what a tool that has gone mad prints within a moment. */
const HUGE = 10 * 1024 * 1024;

/** Enormous texts: the sample again and again, in a list and as it is, and one value without an end. */
export function hugeInputs({ bytes, text }: Sample): Uint8Array[] {
  const times = Math.ceil(HUGE / (bytes.length + 1));
  const repeated = Buffer.alloc(HUGE, bytes.length === 0 ? ' ' : bytes);
  const list = text.trim().replace(/^\[([^]*)\]$/, '$1');
  return [
    repeated,
    Buffer.from(`[${Array.from({ length: times }, () => list).join(',')}]`),
    ...['a', ' ', '\n', '9', 'a ', '\0', 'a=b\n'].map((unit) => Buffer.alloc(HUGE, unit)),
    Buffer.concat([Buffer.from('{"a":"'), Buffer.alloc(HUGE, 'x'), Buffer.from('"}')]),
    Buffer.alloc(HUGE / 10, '['),
  ];
}

import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { formatResult } from './output.ts';

/** Texts that YAML 1.1, YAML 1.2 or Go's reader of YAML would take for something else if they stood without quotes. */
const TEXTS = [
  ...['on', 'off', 'y', 'N', 'yes', 'true', '~', 'null', '', '-', '<<', '='],
  ...['1_000', '0x1_f', '-1_0', '1_0.5', '.5_0', '0b1_1', '685.230_15e+03'],
  ...['1:20', '0000:01:00.0', '017', '0o17', '08', '0b11', '0x1F', '1e3', '+1', '.inf', '.NaN', '2001-01-01'],
];

describe('a result as YAML', () => {
  it.each(TEXTS)('gives the text %j to readers of YAML 1.1 and 1.2 as a text, as value and as key', (text) => {
    const value = { value: text, [text]: 'key' };
    const yaml = formatResult({ text: () => '', value }, 'yaml');
    for (const version of ['1.1', '1.2'] as const) expect(parse(yaml, { version, merge: true })).toEqual(value);
  });

  it('leaves names with underscores and numbers as they are', () => {
    const value = { a_1: 'intel_nics', b: 'ens1f0_1', c: 1000 };
    expect(formatResult({ text: () => '', value }, 'yaml')).toBe('a_1: intel_nics\nb: ens1f0_1\nc: 1000\n');
  });
});

import { expect, it } from '@jest/globals';
import { isOlder } from './resource-version.ts';

it.each([
  ['99', '100', true],
  ['100', '99', false],
  ['100', '100', false],
  ['100', '101', true],
  ['18446744073709551616', '18446744073709551617', true],
  [undefined, '1', true],
])('%s is older than %s: %s', (cached, written, expected) => {
  expect(isOlder(cached, written)).toBe(expected);
});

import { expect, it } from '@jest/globals';
import { nearNames } from './near-names.ts';

it.each<[string, string, string[]]>([
  ['a letter too few', 'intelnic', ['intelnics']],
  ['another mark between words', 'mlx-dpdk', ['mlx_dpdk']],
  ['capitals', 'IntelNics', ['intelnics']],
  ['two letters changed', 'inteknicz', ['intelnics']],
  ['quite another word', 'gpu', []],
  ['a short name, of which two letters are most', 'xyz', []],
])('a name with %s is like those that were meant', (_, written, near) => {
  expect(nearNames(written, ['intelnics', 'mlx_dpdk', 'abz', 'intelnics'])).toEqual(near);
});

import { expect, it } from '@jest/globals';
import { nicDriverOf } from './nic-drivers.ts';

it.each([
  ['bnxt_en', 'bnxt_en', 'needs its link up'],
  ['i40e', 'iavf', ''],
  ['ice', 'iavf', ''],
  ['igb', 'igbvf', 'resets'],
  ['ixgbe', 'ixgbevf', 'resets'],
  ['mlx5_core', 'mlx5_core', ''],
  ['qede', 'qede', ''],
])('a PF of %s has VFs of %s (%s)', (pfDriver, vfDriver, special) => {
  expect(nicDriverOf(pfDriver)).toEqual({
    pfDriver,
    vfDriver,
    ...(special === 'resets' && { resets: true }),
    ...(special === 'needs its link up' && { needsLinkUp: true }),
  });
});

it.each([undefined, '', 'unheard_of'])('nothing is known of a PF whose driver is %s', (pfDriver) => {
  expect(nicDriverOf(pfDriver)).toBeUndefined();
});

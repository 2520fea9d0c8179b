import { describe, expect, it } from '@jest/globals';
import { nicDriverOf } from './nic-drivers.ts';
import { planHost } from './planning/plan-host.ts';
import { type PfStep } from './planning/steps.ts';
import { PF, testFacts, testLink, testPf } from './test/test-host.ts';

/** What is done to a PF of the driver whose link is down, so that it has one VF for the kernel; and the VF's driver. */
function planFor(driver: string): { readonly before: PfStep['kind'][]; readonly vfDriver: string | undefined } {
  const pf = testPf([], { driver, link: testLink({ up: false }) });
  const vfGroups = [{ resourceName: 'r', policyName: 'p', deviceType: 'netdevice', vfRange: '0-0' }];
  const { pfs } = planHost(testFacts([pf], [{ pciAddress: PF, name: 'ens1', numVfs: 1, vfGroups }]));
  const [bind] = (pfs[0]?.vfs ?? []).flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === 'bind-vf' ? step : [])),
  );
  return { before: (pfs[0]?.before ?? []).map(({ kind }) => kind), vfDriver: bind?.driver };
}

const LINK_FIRST = ['set-link-up', 'set-autoprobe', 'set-num-vfs'];
const LINK_LAST = ['set-autoprobe', 'set-num-vfs', 'set-link-up'];

describe('VFs of a PF whose link is down are made', () => {
  it.each<[string, string, string[]]>([
    ['bnxt_en', 'bnxt_en', LINK_FIRST],
    ['i40e', 'iavf', LINK_FIRST],
    ['ice', 'iavf', LINK_FIRST],
    ['igb', 'igbvf', LINK_LAST],
    ['ixgbe', 'ixgbevf', LINK_LAST],
    ['mlx5_core', 'mlx5_core', LINK_FIRST],
    ['qede', 'qede', LINK_FIRST],
  ])('for %s with %s', (driver, vfDriver, before) => expect(planFor(driver)).toEqual({ before, vfDriver }));

  it('by the kernel, which picks their driver, where the table has no row', () => {
    expect(planFor('unheard_of')).toEqual({ before: ['set-link-up', 'set-num-vfs'], vfDriver: undefined });
  });
});

it.each([
  ['bnxt_en', 'bnxt_en', 'needs its link up, leaves switchdev'],
  ['i40e', 'iavf', ''],
  ['ice', 'iavf', 'takes its mode first'],
  ['igb', 'igbvf', 'resets'],
  ['ixgbe', 'ixgbevf', 'resets'],
  ['mlx5_core', 'mlx5_core', 'takes GUIDs, makes vDPA devices'],
  ['qede', 'qede', ''],
])('a PF of %s has VFs of %s (%s)', (pfDriver, vfDriver, special) => {
  expect(nicDriverOf(pfDriver)).toEqual({
    pfDriver,
    vfDriver,
    ...(special === 'resets' && { resets: true }),
    ...(special.startsWith('takes GUIDs') && { takesGuids: true, vdpaModule: 'mlx5_vdpa' }),
    ...(special === 'takes its mode first' && { modeFirst: true }),
    ...(special === 'needs its link up, leaves switchdev' && { needsLinkUp: true, leavesSwitchdev: true }),
  });
});

it.each([undefined, '', 'unheard_of'])('nothing is known of a PF whose driver is %s', (pfDriver) => {
  expect(nicDriverOf(pfDriver)).toBeUndefined();
});

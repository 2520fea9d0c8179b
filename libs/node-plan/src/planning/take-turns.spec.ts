import { describe, expect, it } from '@jest/globals';
import { type DesiredInterface } from '@sriov/api';
import { type ObservedPf } from '@sriov/observed-host';
import { planHost } from './plan-host.ts';
import { PF, testFacts, testLink, testPf } from '../test/test-host.ts';

const OTHER = '0000:02:00.0';
const both = { numVfs: 2, mtu: 9000 };

/** Names of the PFs that take turns. */
function turns(change: Partial<ObservedPf>, ...desired: Partial<DesiredInterface>[]): (string | undefined)[] {
  const entries = desired.map((entry, index) => ({ pciAddress: [PF, OTHER][index] ?? '', ...entry }));
  const observed = [testPf([], change), testPf([], { ...change, pciAddress: OTHER, link: testLink({ name: 'ens2' }) })];
  return planHost(testFacts(observed, entries)).pfs.flatMap(({ takesTurn, name }) => (takesTurn ? [name] : []));
}

describe('PFs whose devices reset', () => {
  it.each<[string, (string | undefined)[], string[]]>([
    ['take turns when they get VFs and another MTU', turns({}, both, both), ['ens1', 'ens2']],
    ['take turns when one of them resets twice, and the other once', turns({}, both, { numVfs: 2 }), ['ens1', 'ens2']],
    [
      'take turns when one of them resets twice, and the other once for its MTU',
      turns({}, { mtu: 9000 }, both),
      ['ens1', 'ens2'],
    ],
    ['do not when nothing is done to the other before its VFs', turns({}, both, {}), ['ens1']],
    ['are served side by side when each resets once', turns({}, { numVfs: 2 }, { mtu: 9000 }), []],
    ['are served side by side when their driver does not reset them', turns({ driver: 'mlx5_core' }, both, both), []],
  ])('%s', (_, actual, expected) => {
    expect(actual).toEqual(expected);
  });
});

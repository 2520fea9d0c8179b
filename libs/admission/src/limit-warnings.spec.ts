import { expect, it } from '@jest/globals';
import { type ObservedInterface } from '@sriov/api';
import { nic } from '@sriov/testing/objects';
import { policyObject, state, verdictOn } from './test/requests.ts';

/** What is said of a policy that wants the eSwitch mode switchdev of so many PFs, none of which can be changed. */
function warningsOf(count: number): readonly string[] {
  const ports = Array.from({ length: count }, (_, index): ObservedInterface =>
    nic(`p${index}`, `0000:3b:00.${index}`, { driver: 'i40e' }),
  );
  const policy = policyObject({ nicSelector: { vendor: '8086' }, eSwitchMode: 'switchdev' });
  return verdictOn(policy, { cluster: { nodeStates: [state('n1', ports)] } }).warnings;
}

it.each([
  [1, 1],
  [4, 4],
  [5, 5],
  [9, 5],
])('a policy that %i PFs refuse has %i sentences about them', (count, sentences) => {
  expect(warningsOf(count)).toHaveLength(sentences);
});

it('what is not told of more PFs is counted', () => {
  expect(warningsOf(4).at(-1)).toMatch(/^on node n1: p3: eSwitch mode switchdev/);
  expect(warningsOf(6).at(-1)).toBe('and 2 more PFs are refused alike');
});

import { describe, expect, it } from '@jest/globals';
import { type NodeStateSpec, type ObservedInterface, type SriovNetworkNodeState } from '@sriov/api';
import { nic } from '@sriov/testing/objects';
import { limitProblems } from './limit-problems.ts';

const PF = nic('ens2f0', '0000:3b:00.0', { driver: 'ice' });
const wanted = (numVfs: number, policies: readonly string[]): NodeStateSpec => ({
  interfaces: [
    { pciAddress: PF.pciAddress, numVfs, vfGroups: policies.map((policyName) => ({ policyName, vfRange: '0-0' })) },
  ],
});
const reported = (interfaces: ObservedInterface[]): SriovNetworkNodeState => ({
  metadata: { name: 'n1' },
  status: { interfaces },
});
const told = (
  spec: NodeStateSpec,
  state: SriovNetworkNodeState | undefined = reported([PF]),
): [kind: string, name: string, message: string][] =>
  limitProblems({ name: 'n1', state, spec }).map(({ kind, name, message }) => [kind, name, message]);

describe('what the daemon will refuse', () => {
  const tooMany = 'ens2f0: 65 VFs are wanted, and the PF can have 64';

  it('is told to each policy of the PF, once', () => {
    expect(limitProblems({ name: 'n1', state: reported([PF]), spec: wanted(65, ['a']) })).toEqual([
      { kind: 'SriovNetworkNodePolicy', name: 'a', node: 'n1', reason: 'SpecInvalid', message: tooMany },
    ]);
    expect(told(wanted(65, ['a', 'b', 'a'])).map(([, name]) => name)).toEqual(['a', 'b']);
  });

  it('calls a PF without a name by its address', () => {
    const { name: _, ...nameless } = PF;
    expect(told(wanted(65, ['a']), reported([nameless]))).toEqual([
      ['SriovNetworkNodePolicy', 'a', '0000:3b:00.0: 65 VFs are wanted, and the PF can have 64'],
    ]);
  });

  it.each<[string, NodeStateSpec, SriovNetworkNodeState | undefined]>([
    ['of what a PF can be', wanted(64, ['a']), reported([PF])],
    ['of a PF that is not reported', wanted(65, ['a']), reported([nic('ens9', '0000:99:00.0')])],
    [
      'of a node that has reported no device',
      { ...wanted(65, ['a']), system: { rdmaMode: 'exclusive' } },
      reported([]),
    ],
    ['of a node that has reported nothing', wanted(65, ['a']), { metadata: { name: 'n1' } }],
    ['of a node without a state', wanted(65, ['a']), undefined],
    ['where nothing is wanted', {}, reported([PF])],
  ])('is nothing %s', (_, spec, state) => {
    expect(limitProblems({ name: 'n1', state, spec })).toEqual([]);
  });
});

import { expect, it } from '@jest/globals';
import { type NodeStatePlan } from '@sriov/policy';
import { findingsOf, withoutRoom } from './findings-of.ts';

const problem = {
  kind: 'SriovNetworkNodePolicy',
  name: 'c',
  node: 'n1',
  reason: 'PolicyInvalid',
  message: 'no',
} as const;
const plan = {
  name: 'n1',
  matches: new Map([['a', []]]),
  undecided: ['b'],
  pool: 'q',
  problems: [problem],
} as unknown as NodeStatePlan;
const facts = { generations: new Map([['SriovNetworkNodePolicy/a', 1]]), isSettled: true };

it('the findings of a plan are its policies, its pool, what is undecided and what is wrong', () => {
  expect(findingsOf(plan, facts)).toEqual({
    ...facts,
    subjects: new Set(['SriovNetworkNodePolicy/a', 'SriovNetworkPoolConfig/q']),
    undecided: new Set(['SriovNetworkNodePolicy/b']),
    problems: [problem],
  });
});

it('a node without a pool is in none', () => {
  const { subjects } = findingsOf({ ...plan, pool: undefined }, facts);
  expect(subjects).toEqual(new Set(['SriovNetworkNodePolicy/a']));
});

it('a full ConfigMap is a problem of each policy that configures the node, beside the others', () => {
  expect(withoutRoom(findingsOf(plan, facts), plan, 'it is full')).toMatchObject({
    isSettled: false,
    problems: [
      problem,
      { kind: 'SriovNetworkNodePolicy', name: 'a', node: 'n1', reason: 'ConfigMapFull', message: 'it is full' },
    ],
  });
});

import { describe, expect, it } from '@jest/globals';
import { pool } from '@sriov/testing/objects';
import { findPool, findSelectorFault, preparePools } from './pools.ts';

describe.each(['constructor', 'toString', '__proto__'])('a selector that speaks of %s', (name) => {
  it('does not take it for an operator', () => {
    const nodeSelector = { matchExpressions: [{ key: 'a', operator: name }] };
    expect(findSelectorFault({ nodeSelector })).toContain('the operator must be one of In, NotIn, Exists');
  });
});

describe('preparePools', () => {
  it('leaves out pools for OVS hardware offload, which group no nodes', () => {
    const offload = pool('offload', { ovsHardwareOffloadConfig: { name: 'worker' } });
    const { prepared, unreadable, problems } = preparePools([offload, pool('a')]);
    expect([prepared.map(({ name }) => name), unreadable, problems]).toEqual([['a'], [], []]);
  });

  it.each([
    ['an unknown operator', { key: 'zone', operator: 'Near' }, 'zone Near: the operator must be one of In, NotIn'],
    ['In without values', { key: 'zone', operator: 'In', values: [] }, 'zone In needs values'],
    ['NotIn without values', { key: 'zone', operator: 'NotIn' }, 'zone NotIn needs values'],
    ['Exists with values', { key: 'zone', operator: 'Exists', values: ['a'] }, 'zone Exists takes no values'],
    [
      'DoesNotExist with values',
      { key: 'b', operator: 'DoesNotExist', values: ['a'] },
      'b DoesNotExist takes no values',
    ],
  ])('tells of a pool whose selector cannot be evaluated: %s', (_, expression, message) => {
    const result = preparePools([pool('odd', { nodeSelector: { matchExpressions: [expression] } }), pool('a')]);
    expect(result).toMatchObject({ prepared: [{ name: 'a' }], unreadable: ['odd'] });
    expect(result.problems).toEqual([
      {
        kind: 'SriovNetworkPoolConfig',
        name: 'odd',
        reason: 'PoolInvalid',
        message: expect.stringContaining(`spec.nodeSelector.matchExpressions: ${message}`),
      },
    ]);
  });
});

describe('findPool', () => {
  const node = { name: 'n1', labels: { gpu: 'yes' } };
  const gpu = pool('gpu', { nodeSelector: { matchLabels: { gpu: 'yes' } } });
  const find = (...pools: ReturnType<typeof pool>[]): ReturnType<typeof findPool> =>
    findPool(preparePools(pools).prepared, node);

  it('finds the one pool whose selector selects the node', () => {
    const other = pool('other', { nodeSelector: { matchLabels: { gpu: 'no' } } });
    expect(find(other, gpu)).toMatchObject({ pool: { name: 'gpu' }, problems: [] });
    expect(find(other)).toEqual({ problems: [] });
  });

  it('prefers none of several pools, and tells each of them', () => {
    const message = 'node n1 is in the pools all, gpu: narrow their nodeSelector until it is in one';
    const problem = { kind: 'SriovNetworkPoolConfig', node: 'n1', reason: 'NodeInSeveralPools', message };
    expect(find(gpu, pool('all'))).toEqual({
      problems: [
        { ...problem, name: 'all' },
        { ...problem, name: 'gpu' },
      ],
    });
  });
});

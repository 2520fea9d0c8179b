import { expect, it } from '@jest/globals';
import { poolConfigSpecSchema, poolConfigStatusSchema } from './pool-config.ts';
import { isKept, labelsOf, listOf, textOf } from './test/bounds.ts';

const matching = (expression: object): object => ({
  nodeSelector: { matchExpressions: [{ key: 'zone', operator: 'In', ...expression }] },
});
const entry = { key: 'zone', operator: 'Exists' };

it.each<[string, object, object]>([
  ['a number of nodes', { maxUnavailable: 3 }, { maxUnavailable: 1.5 }],
  ['a share of nodes', { maxUnavailable: '30%' }, { maxUnavailable: true }],
  ['an RDMA mode', { rdmaMode: 'shared' }, { rdmaMode: 'Shared' }],
  ['the other RDMA mode', { rdmaMode: 'exclusive' }, { rdmaMode: '' }],
  ['a canary of a number', { canary: { nodes: 2 } }, { canary: { nodes: 1.5 } }],
  ['a canary of a share', { canary: { nodes: '10%' } }, { canary: {} }],
  [
    'the time of a canary',
    { canary: { nodes: 1, succeededForSeconds: 0 } },
    { canary: { nodes: 1, succeededForSeconds: -1 } },
  ],
  ['offload', { ovsHardwareOffloadConfig: { name: 'mcp' } }, { ovsHardwareOffloadConfig: { name: 5 } }],
  ['labels', { nodeSelector: { matchLabels: labelsOf(256) } }, { nodeSelector: { matchLabels: labelsOf(257) } }],
  ['the key of an expression', matching({ key: textOf(317) }), matching({ key: textOf(318) })],
  ['the operator of an expression', matching({ operator: textOf(253) }), matching({ operator: textOf(254) })],
  ['the values of an expression', matching({ values: listOf(256, 'a') }), matching({ values: listOf(257, 'a') })],
  ['a value of an expression', matching({ values: [textOf(253)] }), matching({ values: [textOf(254)] })],
  [
    'expressions',
    { nodeSelector: { matchExpressions: listOf(256, entry) } },
    { nodeSelector: { matchExpressions: listOf(257, entry) } },
  ],
])('a pool takes %s up to a bound', (_, last, first) => {
  expect([isKept(poolConfigSpecSchema, {}, last), isKept(poolConfigSpecSchema, {}, first)]).toEqual([true, false]);
});

it.each(['matchedNodeCount', 'readyNodeCount'])('%s of the status of a pool counts from 0', (field) => {
  const isCounted = (count: number): boolean => isKept(poolConfigStatusSchema, {}, { [field]: count });
  expect([isCounted(0), isCounted(3), isCounted(-1)]).toEqual([true, true, false]);
});

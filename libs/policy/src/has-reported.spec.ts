import { expect, it } from '@jest/globals';
import { type NodeStateStatus } from '@sriov/api';
import { hasReported } from './has-reported.ts';

const condition = (type: string, reason: string): NonNullable<NodeStateStatus['conditions']>[number] => ({
  type,
  status: 'False',
  reason,
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

it.each<[string, boolean, NodeStateStatus | undefined]>([
  ['with devices', true, { interfaces: [{ pciAddress: '0000:3b:00.0' }] }],
  [
    'with devices, of a host that cannot be read any more',
    true,
    {
      interfaces: [{ pciAddress: '0000:3b:00.0' }],
      syncStatus: 'Failed',
      conditions: [condition('Ready', 'HostUnreadable')],
    },
  ],
  ['without devices, after a look at the host', true, { interfaces: [], syncStatus: 'Succeeded' }],
  [
    'without devices, and something else is wrong',
    true,
    { syncStatus: 'Failed', conditions: [condition('Ready', 'ApplyFailed')] },
  ],
  [
    'while another condition than Ready says so',
    true,
    { syncStatus: 'Failed', conditions: [condition('Other', 'HostUnreadable')] },
  ],
  [
    'not of a host that cannot be read',
    false,
    { syncStatus: 'Failed', conditions: [condition('Other', 'a'), condition('Ready', 'HostUnreadable')] },
  ],
  [
    'not of a host whose kernel does not answer',
    false,
    { syncStatus: 'Failed', conditions: [condition('Ready', 'BlockedInKernel')] },
  ],
  ['not with an empty status', false, {}],
  ['not without a status', false, undefined],
])('a node has reported %s: %s', (_, expected, status) => {
  expect(hasReported({ metadata: { name: 'n1' }, ...(status && { status }) })).toBe(expected);
});

it('a node without a state has not reported', () => {
  expect(hasReported(undefined)).toBe(false);
});

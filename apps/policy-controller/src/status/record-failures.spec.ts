import { describe, expect, it } from '@jest/globals';
import { SRIOV_NETWORK_NODE_POLICY } from '@sriov/api';
import { type LastingFailure, stalled } from '@sriov/controller';
import { type EventRecorder } from '@sriov/kube';
import { policyOf } from '../test/offline-controllers.ts';
import { recordFailures } from './record-failures.ts';

const failure: LastingFailure = { ...stalled('ReconcileFailed', 'forbidden'), reason: 'ReconcileFailed', cause: null };
const policy = policyOf('p');

describe('a status that keeps being refused', () => {
  it.each<[string, string, LastingFailure | undefined, unknown[]]>([
    [
      'becomes an Event on its object',
      'p',
      failure,
      [
        [
          SRIOV_NETWORK_NODE_POLICY,
          policy,
          { type: 'Warning', reason: 'ReconcileFailed', message: 'the status cannot be written: forbidden' },
        ],
      ],
    ],
    ['becomes nothing when it is written again', 'p', undefined, []],
    ['becomes nothing when the object is gone', 'gone', failure, []],
  ])('%s', (_, key, told, expected) => {
    const events: unknown[] = [];
    const recorder = { record: (...event: unknown[]) => void events.push(event) } as unknown as EventRecorder;
    const tell = recordFailures(recorder, SRIOV_NETWORK_NODE_POLICY, (name) => (name === 'p' ? policy : undefined));
    tell(key, told);
    expect(events).toEqual(expected);
  });
});

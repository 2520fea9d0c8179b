import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type SriovNetworkNodeState } from '@sriov/api';
import { type LastingFailure, stalled } from '@sriov/controller';
import { ApiError, type EventRecorder } from '@sriov/kube';
import { type Pass } from '@sriov/node-plan';
import { tellFailing } from './tell-failing.ts';

const nodeState: SriovNetworkNodeState = { metadata: { name: 'node-1' } };
const failureOf = (cause: unknown): LastingFailure => ({
  ...stalled('ReconcileFailed', 'forbidden'),
  reason: 'ReconcileFailed',
  cause,
});
const refused = failureOf(new ApiError('forbidden', { status: 403 }));
const message = 'the status cannot be written: forbidden';

interface Told {
  readonly reports: Pass[];
  readonly events: unknown[];
}

async function tell(
  failure: LastingFailure | undefined,
  present: SriovNetworkNodeState | undefined = nodeState,
  write = (): Promise<boolean> => Promise.resolve(true),
): Promise<Told> {
  const told: Told = { reports: [], events: [] };
  const report = tellFailing({
    getNodeState: () => (present === nodeState ? nodeState : undefined),
    recorder: { record: (...event: unknown[]) => told.events.push(event.slice(1)) } as unknown as EventRecorder,
    status: {
      isOurs: () => true,
      write(_, pass) {
        told.reports.push(pass);
        return write();
      },
    },
  });
  report('node', failure);
  await turn();
  return told;
}

describe('a status that the API server keeps refusing', () => {
  it('is told in a status that says no more than that', async () => {
    const verdict = { syncStatus: 'Failed', reason: 'ReconcileFailed', message };
    expect(await tell(refused)).toEqual({ reports: [{ verdict }], events: [] });
  });

  it('is told in an Event where the server refuses that as well', async () => {
    const { events } = await tell(refused, nodeState, () => Promise.reject(new Error('forbidden')));
    expect(events).toEqual([[nodeState, { type: 'Warning', reason: 'ReconcileFailed', message }]]);
  });

  it.each<[string, LastingFailure | undefined, SriovNetworkNodeState | undefined]>([
    ['is past', undefined, nodeState],
    ['is no refusal, because the host failed, which has a verdict of its own', failureOf(new Error('EIO')), nodeState],
    ['cannot be told, because nobody answers', failureOf(new ApiError('refused', { status: 0 })), nodeState],
    ['belongs to a node state that is gone', refused, { metadata: { name: 'gone' } }],
  ])('is not told when it %s', async (_, failure, present) => {
    expect(await tell(failure, present)).toEqual({ reports: [], events: [] });
  });
});

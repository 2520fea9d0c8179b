import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { type LastingFailure } from '@sriov/controller';
import { ApiError, type EventRecorder } from '@sriov/kube';
import { type StatusWriter } from './status-writer.ts';
import { type Verdict } from '@sriov/node-plan';

/** Ports for reporting a status that is refused. */
export interface TellPorts {
  readonly status: StatusWriter;
  readonly recorder: EventRecorder;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
}

/**
 * Says on the node state that the API server keeps refusing its status. It is a condition beside the status that is
 * there already, because the server may accept less than the whole, or an Event where the server refuses that as well.
 * What goes wrong on the host has a verdict of its own, and a server that cannot be reached takes no report.
 */
export function tellFailing(ports: TellPorts): (key: string, failure: LastingFailure | undefined) => void {
  return (_, failure) => {
    const nodeState = ports.getNodeState();
    if (failure === undefined || nodeState === undefined) return;
    if (!(failure.cause instanceof ApiError) || failure.cause.status === 0) return;
    const message = `the status cannot be written: ${failure.message}`;
    const verdict: Verdict = { syncStatus: SYNC_STATUS.failed, reason: failure.reason, message };
    const { reason } = verdict;
    ports.status.write(nodeState, { verdict }).catch(() => {
      ports.recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, { type: 'Warning', reason, message });
    });
  };
}

import { SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState, SYNC_STATUS } from '@sriov/api';
import { type LastingFailure } from '@sriov/controller';
import { ApiError, type EventRecorder } from '@sriov/kube';
import { type StatusWriter } from './status-writer.ts';
import { type Verdict } from '@sriov/node-plan';

/** What telling goes through. */
export interface TellPorts {
  readonly status: StatusWriter;
  readonly recorder: EventRecorder;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
}

/**
 * Says on the node state that its status keeps being refused: as a condition over what stands there, for the server may
 * take less than the whole; and where it does not, as an Event. What goes wrong on the host has a verdict of its own,
 * and a server that cannot be reached takes no report.
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

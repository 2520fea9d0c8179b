import { REASON, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { type EventRecorder } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';

/** Logs each warning once, hands it to `onNews`, and does neither again with each look at the host. */
export function tellOnce(log: Logger, onNews?: (sentence: string) => void): (sentence: string) => void {
  const told = new Set<string>();
  return (sentence) => {
    if (told.has(sentence)) return;
    told.add(sentence);
    log.warn(sentence);
    onNews?.(sentence);
  };
}

/** Records warnings as Events of the node state, which people see without the log. */
export function warnBy(
  recorder: Pick<EventRecorder, 'record'>,
  getNodeState: () => SriovNetworkNodeState | undefined,
): (sentence: string) => void {
  return (message) => {
    const nodeState = getNodeState();
    if (nodeState === undefined) return;
    recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, { type: 'Warning', reason: REASON.hostWarning, message });
  };
}

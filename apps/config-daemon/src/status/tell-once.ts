import { REASON, SRIOV_NETWORK_NODE_STATE, type SriovNetworkNodeState } from '@sriov/api';
import { type EventRecorder } from '@sriov/kube';
import { type Logger } from '@sriov/runtime';

/** Who warns: the platform under a virtual machine, the plan, or the closer look at who uses VFs. */
type WarningSource = 'platform' | 'plan' | 'uses';

/** Takes all that a source warns of at one look, which may be nothing. */
export type OnWarnings = (source: WarningSource, sentences: readonly string[]) => void;

/**
 * Logs each warning when it comes up, hands it to `onNews`, and does neither again as long as its source repeats it at
 * each look. A warning that has gone and comes back is news. A source that is not asked takes nothing back.
 */
export function tellOnce(log: Logger, onNews?: (sentence: string) => void): OnWarnings {
  const told = new Map<WarningSource, ReadonlySet<string>>();
  return (source, sentences) => {
    const before = told.get(source);
    const now = new Set(sentences);
    told.set(source, now);
    for (const sentence of now) {
      if (before?.has(sentence)) continue;
      log.warn(sentence);
      onNews?.(sentence);
    }
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

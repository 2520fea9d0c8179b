import { CONDITION, REASON, type SriovNetworkNodeState } from '@sriov/api';

/**
 * Reasons of a daemon that could not report: its look at the host failed or does not come back, or the report was
 * refused.
 */
const UNTOLD: readonly string[] = [REASON.hostUnreadable, REASON.blocked, REASON.nodeStateTooLarge];

/**
 * True when the daemon of the node has reported which PFs there are, even if there are none. A node state that is new,
 * or whose status was emptied, reports nothing. Neither does a daemon that could not look at its host, that waits for a
 * look that does not come back, or whose report is larger than the API server takes.
 */
export function hasReported(state: SriovNetworkNodeState | undefined): boolean {
  const { interfaces = [], syncStatus, conditions = [] } = state?.status ?? {};
  if (interfaces.length > 0) return true;
  const ready = conditions.find(({ type }) => type === CONDITION.ready);
  return Boolean(syncStatus) && !UNTOLD.includes(ready?.reason ?? '');
}

import { CONDITION, REASON, type SriovNetworkNodeState } from '@sriov/api';

/** Verdicts of a daemon that was kept from telling: its look failed or does not come back, or the report was refused. */
const UNTOLD: readonly string[] = [REASON.hostUnreadable, REASON.blocked, REASON.nodeStateTooLarge];

/**
 * Whether the daemon of the node has told which PFs it has, be it none. A node state that is new, or whose status was
 * emptied, tells nothing; neither does a daemon that could not look at its host, waits for a look that does not come back,
 * or whose report is larger than the API server takes.
 */
export function hasReported(state: SriovNetworkNodeState | undefined): boolean {
  const { interfaces = [], syncStatus, conditions = [] } = state?.status ?? {};
  if (interfaces.length > 0) return true;
  const ready = conditions.find(({ type }) => type === CONDITION.ready);
  return Boolean(syncStatus) && !UNTOLD.includes(ready?.reason ?? '');
}

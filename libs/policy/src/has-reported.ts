import { CONDITION, REASON, type SriovNetworkNodeState } from '@sriov/api';

/**
 * Whether the daemon of the node has told which PFs it has, be it none. A node state that is new, or whose status was
 * emptied, tells nothing; neither does a daemon that could not look at its host.
 */
export function hasReported(state: SriovNetworkNodeState | undefined): boolean {
  const { interfaces = [], syncStatus, conditions = [] } = state?.status ?? {};
  if (interfaces.length > 0) return true;
  const ready = conditions.find(({ type }) => type === CONDITION.ready);
  return Boolean(syncStatus) && ready?.reason !== REASON.hostUnreadable;
}

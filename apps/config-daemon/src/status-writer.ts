import {
  type Condition,
  CONDITION,
  type NodeStateStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
  SYNC_STATUS,
} from '@sriov/api';
import { type EventRecorder, type KubeClient } from '@sriov/kube';
import { type Clock } from '@sriov/runtime';
import { isNews, nextStatus, type Pass, statusText, type Verdict } from './node-status.ts';

/** Writes the status of one node state. */
export interface StatusWriter {
  /**
   * Writes where the pass tells something new; resolves with whether it did. `nodeState` is the one that the pass
   * worked for: a spec that came meanwhile has not been observed yet.
   */
  write(nodeState: SriovNetworkNodeState, pass: Pass): Promise<boolean>;
  /** Whether the status is one of those that were written, or found right, last, and not someone else's. */
  isOurs(status: NodeStateStatus | undefined): boolean;
}

/** What the writer reads and writes through. */
export interface StatusPorts {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
}

/** Watch events of our own writes may come after the next of them is under way. */
const REMEMBERED_STATUSES = 4;

/** Makes the writer of one node's status. */
export function createStatusWriter(ports: StatusPorts): StatusWriter {
  /** What we wrote last, for as long as the cache has not heard of it. */
  let written: { readonly status: NodeStateStatus; readonly cachedVersion: string | undefined } | undefined;
  const recent: string[] = [];
  const remember = (status: NodeStateStatus): void => {
    const text = statusText(status);
    if (recent[0] !== text) recent.unshift(text);
    recent.length = Math.min(recent.length, REMEMBERED_STATUSES);
  };
  return {
    async write(nodeState, pass) {
      const cached = ports.getNodeState();
      if (cached === undefined) return false;
      if (written?.cachedVersion !== cached.metadata.resourceVersion) written = undefined;
      const present = written?.status ?? cached.status ?? {};
      const { status, transitions } = nextStatus({ ...nodeState, status: present }, pass, ports.clock.now());
      const hasNews = isNews(present, status);
      remember(hasNews ? status : present);
      if (!hasNews) return false;
      await ports.client.apply(SRIOV_NETWORK_NODE_STATE, statusObject(cached, status), { subresource: 'status' });
      written = { status, cachedVersion: cached.metadata.resourceVersion };
      recordTransition(ports, cached, { transitions, verdict: pass.verdict });
      return true;
    },
    isOurs: (status = {}) => recent.length === 0 || recent.includes(statusText(status)),
  };
}

/** One Event a change of the verdict; the three conditions say the same from different sides. */
function recordTransition(
  { recorder }: StatusPorts,
  nodeState: SriovNetworkNodeState,
  { transitions, verdict }: { readonly transitions: readonly Condition[]; readonly verdict: Verdict },
): void {
  if (!transitions.some(({ type }) => type === CONDITION.ready)) return;
  const type = verdict.syncStatus === SYNC_STATUS.failed ? 'Warning' : 'Normal';
  recorder.record(SRIOV_NETWORK_NODE_STATE, nodeState, { type, reason: verdict.reason, message: verdict.message });
}

function statusObject(cached: SriovNetworkNodeState, status: NodeStateStatus): SriovNetworkNodeState {
  const { name, namespace = '' } = cached.metadata;
  // Another manager's error text would outlive an apply that merely leaves the field out.
  const cleared = cached.status?.lastSyncError && !status.lastSyncError ? { lastSyncError: '' } : {};
  return { metadata: { name, namespace }, status: { ...status, ...cleared } };
}

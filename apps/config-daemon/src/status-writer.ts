import {
  type Condition,
  CONDITION,
  nodeStateStatusSchema,
  type NodeStateStatus,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
  SYNC_STATUS,
  wireText,
} from '@sriov/api';
import { type EventRecorder, type KubeClient } from '@sriov/kube';
import { type Clock } from '@sriov/runtime';
import { nextStatus, type Pass, type Verdict } from './node-status.ts';

/** Writes the status where it differs from what stands there. Resolves with whether the verdict is a new one. */
export type StatusWriter = (pass: Pass) => Promise<boolean>;

/** What the writer reads and writes through. */
export interface StatusPorts {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
}

/** Makes the writer of one node's status. */
export function createStatusWriter(ports: StatusPorts): StatusWriter {
  /** What we wrote last, for as long as the cache has not heard of it. */
  let written: { readonly status: NodeStateStatus; readonly cachedVersion: string | undefined } | undefined;
  return async (pass) => {
    const cached = ports.getNodeState();
    if (cached === undefined) return false;
    if (written?.cachedVersion !== cached.metadata.resourceVersion) written = undefined;
    const present = written?.status ?? cached.status ?? {};
    const { status, transitions } = nextStatus({ ...cached, status: present }, pass, ports.clock.now());
    if (isSame(status, present)) return false;
    await ports.client.apply(SRIOV_NETWORK_NODE_STATE, statusObject(cached, status), { subresource: 'status' });
    written = { status, cachedVersion: cached.metadata.resourceVersion };
    recordTransition(ports, cached, { transitions, verdict: pass.verdict });
    return true;
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

function isSame(a: NodeStateStatus, b: NodeStateStatus): boolean {
  return wireText(nodeStateStatusSchema, a) === wireText(nodeStateStatusSchema, b);
}

function statusObject(cached: SriovNetworkNodeState, status: NodeStateStatus): SriovNetworkNodeState {
  const { name, namespace = '' } = cached.metadata;
  // Another manager's error text would outlive an apply that merely leaves the field out.
  const cleared = cached.status?.lastSyncError && !status.lastSyncError ? { lastSyncError: '' } : {};
  return { metadata: { name, namespace }, status: { ...status, ...cleared } };
}

import {
  nodeStateStatusSchema,
  type NodeStateStatus,
  type ObservedHost,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
  wireText,
} from '@sriov/api';
import { type EventRecorder, type KubeClient } from '@sriov/kube';
import { type Clock } from '@sriov/runtime';
import { nextStatus, type Verdict } from './node-status.ts';

/** Writes the status where it differs from what stands there. Resolves with whether the verdict is a new one. */
export type StatusWriter = (pass: { readonly observed: ObservedHost; readonly verdict: Verdict }) => Promise<boolean>;

/** Makes the writer of one node's status. */
export function createStatusWriter(ports: {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
}): StatusWriter {
  /** What we wrote last, for as long as the cache has not heard of it. */
  let written: { readonly status: NodeStateStatus; readonly cachedVersion: string | undefined } | undefined;
  return async (pass) => {
    const cached = ports.getNodeState();
    if (cached === undefined) return false;
    if (written?.cachedVersion !== cached.metadata.resourceVersion) written = undefined;
    const nodeState = { ...cached, status: written?.status ?? cached.status ?? {} };
    const { status, transitions } = nextStatus(nodeState, pass, ports.clock.now());
    if (isSame(status, nodeState.status)) return false;
    await ports.client.apply(SRIOV_NETWORK_NODE_STATE, statusObject(cached, status), { subresource: 'status' });
    written = { status, cachedVersion: cached.metadata.resourceVersion };
    for (const { type, status: holds, reason, message } of transitions) {
      if (type !== 'Ready') continue;
      const severity = holds === 'True' || pass.verdict.syncStatus === 'InProgress' ? 'Normal' : 'Warning';
      ports.recorder.record(SRIOV_NETWORK_NODE_STATE, cached, { type: severity, reason, message });
    }
    return true;
  };
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

import {
  type NodeStateStatus,
  REASON,
  SRIOV_NETWORK_NODE_STATE,
  type SriovNetworkNodeState,
  SYNC_STATUS,
} from '@sriov/api';
import { type EventRecorder, isTooLarge, type KubeClient } from '@sriov/kube';
import { isWorthWriting, nextStatus, type Pass, statusInterfaces, statusText } from '@sriov/node-plan';
import { type Clock } from '@sriov/runtime';

/** Writes the status of one node state. */
export interface StatusWriter {
  /**
   * Writes the status if the pass has news, and resolves with whether it did. `nodeState` is the one that the pass worked
   * for: a spec that came meanwhile has not been observed yet.
   */
  write(nodeState: SriovNetworkNodeState, pass: Pass): Promise<boolean>;
  /** Whether we have recently written the status, or found it right; false when it is someone else's. */
  isOurs(status: NodeStateStatus | undefined): boolean;
}

/** What the writer reads and writes through. */
export interface StatusWriterPorts {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly getNodeState: () => SriovNetworkNodeState | undefined;
}

/** Watch events of our own writes may come after the next of them is under way. */
const REMEMBERED_STATUSES = 4;

/** Time after which a size that was refused is tried again: the limits of a server can be raised. */
const REFUSED_MS = 3_600_000;

/** Makes the writer of one node's status. */
export function createStatusWriter(ports: StatusWriterPorts): StatusWriter {
  /** What we wrote last, for as long as the cache has not heard of it. */
  let written: { readonly status: NodeStateStatus; readonly cachedVersion: string | undefined } | undefined;
  /** The size that the API server refused last, and when. */
  let refused: { readonly bytes: number; readonly at: number } | undefined;
  const recent: string[] = [];
  const remember = (status: NodeStateStatus): void => {
    const text = statusText(status);
    if (recent[0] !== text) recent.unshift(text);
    recent.length = Math.min(recent.length, REMEMBERED_STATUSES);
  };
  const put = async (nodeState: SriovNetworkNodeState, cached: SriovNetworkNodeState, pass: Pass): Promise<boolean> => {
    const present = written?.status ?? cached.status ?? {};
    const { status, events } = nextStatus({ ...nodeState, status: present }, pass, ports.clock.now());
    const hasNews = isWorthWriting(present, status);
    remember(hasNews ? status : present);
    if (!hasNews) return false;
    await ports.client.apply(SRIOV_NETWORK_NODE_STATE, statusObject(cached, status), { subresource: 'status' });
    written = { status, cachedVersion: cached.metadata.resourceVersion };
    for (const event of events) ports.recorder.record(SRIOV_NETWORK_NODE_STATE, cached, event);
    return true;
  };
  return {
    async write(nodeState, pass) {
      const cached = ports.getNodeState();
      if (cached === undefined) return false;
      if (written?.cachedVersion !== cached.metadata.resourceVersion) written = undefined;
      const now = ports.clock.elapsed();
      const bytes = reportBytes(pass);
      const isRefused = refused !== undefined && bytes >= refused.bytes && now - refused.at < REFUSED_MS;
      if (isRefused) return put(nodeState, cached, withoutInterfaces(pass, bytes));
      try {
        return await put(nodeState, cached, pass);
      } catch (error) {
        if (!isTooLarge(error) || pass.observed === undefined) throw error;
        refused = { bytes, at: now };
        return put(nodeState, cached, withoutInterfaces(pass, bytes));
      }
    },
    isOurs: (status = {}) => recent.length === 0 || recent.includes(statusText(status)),
  };
}

/** Bytes that the PFs and VFs of the pass take in the status; 0 where none were looked at. */
function reportBytes({ observed }: Pass): number {
  return observed === undefined ? 0 : Buffer.byteLength(JSON.stringify(statusInterfaces(observed, () => false)));
}

/**
 * The pass without its interfaces, for a status that is too large to be written. The interfaces in the present status
 * stay, because nobody may take them for gone, and the verdict says the sizes.
 */
function withoutInterfaces({ observed, verdict, ...others }: Pass, bytes: number): Pass {
  const pfs = observed?.interfaces ?? [];
  const vfs = pfs.reduce((sum, { sriov }) => sum + (sriov?.vfs.length ?? 0), 0);
  const size = `${pfs.length} PFs and ${vfs} VFs make ${(bytes / 1_000_000).toFixed(1)} MB`;
  const message = `the API server does not take the status of this node: ${size}, and it takes 3 MB, its store 1.5 MB, unless they are told otherwise; status.interfaces is from before, and nothing in it is changed until the whole can be written: have fewer VFs, or raise --max-request-bytes of etcd. The host itself: ${verdict.message}`;
  return { ...others, verdict: { syncStatus: SYNC_STATUS.failed, reason: REASON.nodeStateTooLarge, message } };
}

function statusObject(cached: SriovNetworkNodeState, status: NodeStateStatus): SriovNetworkNodeState {
  const { name, namespace = '' } = cached.metadata;
  const cleared = {
    // What another manager has written would outlive an apply that merely leaves the field out.
    ...(cached.status?.lastSyncError && !status.lastSyncError && { lastSyncError: '' }),
    // The same; and where the list is ours, the API server would leave null in its place, which it then refuses.
    ...(cached.status?.bridges && !status.bridges && { bridges: { ovs: [] } }),
  };
  return { metadata: { name, namespace }, status: { ...status, ...cleared } };
}

import {
  type Condition,
  CONDITION,
  nodeStateStatusSchema,
  type NodeStateStatus,
  type ObservedHost,
  REASON,
  type Reason,
  type SriovNetworkNodeState,
  SYNC_STATUS,
  type SyncStatus,
  toWire,
} from '@sriov/api';
import { mergeConditions, type NewCondition } from '@sriov/controller';
import { statusInterfaces } from '@sriov/node-plan';

/** What a pass has to say about the node. */
export interface Verdict {
  readonly syncStatus: SyncStatus;
  readonly reason: Reason;
  readonly message: string;
}

/** What a pass saw and what it has to say. */
export interface Pass {
  /** Absent when the host could not be looked at: what was seen before stays. */
  readonly observed?: ObservedHost;
  readonly verdict: Verdict;
}

/** A status to write, and the conditions among it that people should hear of. */
export interface NextStatus {
  readonly status: NodeStateStatus;
  readonly transitions: readonly Condition[];
}

/** The status of the node state after a pass: what was observed, and the verdict as conditions. */
export function nextStatus(nodeState: SriovNetworkNodeState, pass: Pass, now: number): NextStatus {
  const { observed, verdict } = pass;
  const external = new Set(
    (nodeState.spec?.interfaces ?? []).filter((entry) => entry.externallyManaged).map((entry) => entry.pciAddress),
  );
  const { conditions, transitions } = mergeConditions(nodeState.status?.conditions ?? [], conditionsOf(verdict), {
    generation: nodeState.metadata.generation,
    now,
  });
  const status = toWire(nodeStateStatusSchema, {
    interfaces: observed
      ? statusInterfaces(observed, (pciAddress) => external.has(pciAddress))
      : nodeState.status?.interfaces,
    syncStatus: verdict.syncStatus,
    lastSyncError: verdict.syncStatus === SYNC_STATUS.failed ? verdict.message : '',
    conditions,
  });
  return { status, transitions };
}

function conditionsOf({ syncStatus, reason, message }: Verdict): NewCondition[] {
  const condition = (type: string, holds: boolean): NewCondition => ({
    type,
    status: holds ? 'True' : 'False',
    reason,
    message,
  });
  return [
    condition(CONDITION.ready, syncStatus === SYNC_STATUS.succeeded),
    condition(CONDITION.progressing, syncStatus === SYNC_STATUS.inProgress),
    condition(CONDITION.degraded, syncStatus === SYNC_STATUS.failed),
  ];
}

/** The verdict while a plan is carried out. */
export function applying(message: string): Verdict {
  return { syncStatus: SYNC_STATUS.inProgress, reason: REASON.applying, message };
}

import {
  type Condition,
  CONDITION,
  type EventText,
  formatTime,
  type NodeFailure,
  nodeStateStatusSchema,
  type NodeStateStatus,
  type ObservedInterface,
  type SriovNetworkNodeState,
  SYNC_STATUS,
  type SyncStatus,
  toWire,
  wireText,
} from '@sriov/api';
import {
  eventTypeOf,
  mergeConditions,
  type NewCondition,
  type Summary,
  summaryConditions,
  summaryEvents,
  truncate,
} from '@sriov/conditions';
import { type ObservedHost } from '@sriov/observed-host';
import { type FoundFailure } from './node-failures.ts';
import { statusBridges } from './status-bridges.ts';
import { statusInterfaces } from './status-interfaces.ts';
import { type Verdict } from './verdict.ts';

/** What a pass saw and what it has to say. */
export interface Pass {
  /** Absent when the host could not be looked at: what was seen before stays. */
  readonly observed?: ObservedHost;
  readonly verdict: Verdict;
  /** What the pass says about the node's resources; `null` where nobody knows any more. Absent: it says nothing. */
  readonly resources?: NewCondition | null;
  /** The same about the boot service of the host. */
  readonly bootService?: NewCondition | null | undefined;
}

/** A status to write, and what people should hear of it. */
export interface NextStatus {
  readonly status: NodeStateStatus;
  readonly events: readonly EventText[];
}

/** The part of the status that the daemon writes, after a pass: what was observed, and the verdict as conditions. */
export function nextStatus(nodeState: SriovNetworkNodeState, pass: Pass, now: number): NextStatus {
  const { observed, verdict } = pass;
  const external = new Set(
    (nodeState.spec?.interfaces ?? []).filter((entry) => entry.externallyManaged).map((entry) => entry.pciAddress),
  );
  const { conditions, events } = nextConditions(nodeState, pass, now);
  const [ready] = conditions.filter(({ type }) => type === CONDITION.ready);
  const interfaces = observed
    ? statusInterfaces(observed, (pciAddress) => external.has(pciAddress))
    : nodeState.status?.interfaces;
  const status = toWire(nodeStateStatusSchema, {
    interfaces,
    ...(interfaces && countDevices(interfaces)),
    bridges: bridgesAfter(nodeState, observed),
    system: observed?.rdmaMode && { rdmaMode: observed.rdmaMode },
    syncStatus: verdict.syncStatus,
    // As the condition has it: not longer than anybody reads.
    lastSyncError: verdict.syncStatus === SYNC_STATUS.failed ? ready?.message : '',
    failures: failuresAfter(nodeState, pass, now),
    conditions,
  });
  return { status, events };
}

/** Nothing but a look says what has become of them. */
function bridgesAfter({ spec, status }: SriovNetworkNodeState, observed: Pass['observed']): NodeStateStatus['bridges'] {
  const before = status?.bridges;
  return observed ? statusBridges(observed.softwareBridges, { wanted: spec?.bridges, before }) : before;
}

function nextConditions(
  { metadata: { generation }, status }: SriovNetworkNodeState,
  { verdict, resources, bootService }: Pass,
  now: number,
): { readonly conditions: Condition[]; readonly events: readonly EventText[] } {
  const special = { [CONDITION.resourcesOffered]: resources, [CONDITION.bootServiceReady]: bootService };
  const said = Object.values(special).filter((condition) => condition != null);
  const decided = [...summaryConditions(SUMMARY[verdict.syncStatus], verdict), ...said];
  const gone = Object.entries(special).flatMap(([type, condition]) => (condition === null ? type : []));
  const present = ownConditions(status).filter(({ type }) => !gone.includes(type));
  const { conditions, transitions } = mergeConditions(present, decided, { generation, now });
  const newsOf = (type: string): EventText[] => newsEvents(type, present, conditions);
  const events = [...summaryEvents(transitions, conditions), ...Object.keys(special).flatMap(newsOf)];
  return { conditions, events };
}

/** Everything else that such a condition says is news, such as which devices are held back, and why. */
function newsEvents(type: string, before: readonly Condition[], after: readonly Condition[]): EventText[] {
  const known = before.find((condition) => condition.type === type);
  return after
    .filter((condition) => condition.type === type)
    .filter(({ reason, message }) => reason !== known?.reason || message !== known.message)
    .map((condition) => ({ type: eventTypeOf(condition), reason: condition.reason, message: condition.message }));
}

/** Whether the status says that the spec as it stands has been tried, and failed. */
export function hasFailed({ metadata, status }: SriovNetworkNodeState): boolean {
  const ready = status?.conditions?.find(({ type }) => type === CONDITION.ready);
  return status?.syncStatus === SYNC_STATUS.failed && ready?.observedGeneration === metadata.generation;
}

/** What `kubectl get` shows of the devices. */
function countDevices(interfaces: readonly ObservedInterface[]): Pick<NodeStateStatus, 'pfCount' | 'vfCount'> {
  return {
    pfCount: interfaces.filter(({ totalvfs = 0 }) => totalvfs > 0).length,
    vfCount: interfaces.reduce((count, { Vfs = [] }) => count + Vfs.length, 0),
  };
}

/** What could not be done. A failure of which no more is known than that it happened concerns the whole node. */
export function failuresOf({ syncStatus, reason, message, failures }: Verdict): readonly FoundFailure[] {
  return syncStatus === SYNC_STATUS.failed ? (failures ?? [{ reason, message }]) : [];
}

/**
 * The failures of the verdict with their PFs' names and since when they are there. Work that has begun says nothing of
 * them yet: those that stand there stay.
 */
function failuresAfter({ spec, status }: SriovNetworkNodeState, pass: Pass, now: number): NodeFailure[] | undefined {
  const present = status?.failures ?? [];
  if (pass.verdict.syncStatus === SYNC_STATUS.inProgress) return present;
  const names = new Map([
    ...(spec?.interfaces ?? []).map(({ pciAddress, name }) => [pciAddress, name] as const),
    ...(pass.observed?.interfaces ?? []).map(({ pciAddress, link }) => [pciAddress, link?.name] as const),
  ]);
  return failuresOf(pass.verdict).map((failure) => {
    const before = present.find((other) => isSameFailure(other, failure));
    const name = names.get(failure.pciAddress ?? '');
    const step = failure.step ?? before?.step;
    return {
      ...failure,
      ...(name !== undefined && { name }),
      ...(step !== undefined && { step }),
      message: truncate(failure.message),
      since: before?.since ?? formatTime(now),
    };
  });
}

/** Later passes name a call that is still in the kernel without its step. */
function isSameFailure(before: NodeFailure, { pciAddress, reason, step }: FoundFailure): boolean {
  return before.pciAddress === pciAddress && before.reason === reason && (step === undefined || before.step === step);
}

/** The status as text, without what others write into it. Equal texts are equal statuses. */
export function statusText({ system: _, ...status }: NodeStateStatus): string {
  return wireText(nodeStateStatusSchema, { ...status, conditions: ownConditions(status) });
}

/**
 * Whether `next` says anything that `present` does not. The interface of a VF that has gone into a pod does not count,
 * nor do the VLAN that it gets there and that it is in use: it happens with each pod, and nobody but the pod's node needs
 * to know.
 */
export function isWorthWriting(present: NodeStateStatus, next: NodeStateStatus): boolean {
  const { rdmaMode } = next.system ?? {};
  return (
    statusText({ ...present, interfaces: hideInterfaces(present.interfaces, next.interfaces) }) !== statusText(next) ||
    (rdmaMode !== undefined && rdmaMode !== present.system?.rdmaMode)
  );
}

type Interfaces = NodeStateStatus['interfaces'];

/** `present` without the interfaces of VFs that cannot be seen in `next`. */
function hideInterfaces(present: Interfaces = [], next: Interfaces = []): Interfaces {
  const vfs = new Map(next.flatMap(({ Vfs = [] }) => Vfs.map((vf) => [vf.pciAddress, vf])));
  return present.map((pf) => ({
    ...pf,
    Vfs: pf.Vfs?.map((vf) => {
      const now = vfs.get(vf.pciAddress);
      const isHidden = now !== undefined && now.name === undefined;
      if (!isHidden) return vf;
      const { mac, Vlan, assigned } = now;
      return { ...vf, name: undefined, mtu: undefined, mac, Vlan, assigned };
    }),
  }));
}

/** The drain controller and the policy controller write these. */
const CONDITIONS_OF_OTHERS: readonly string[] = [CONDITION.drained, CONDITION.rolledOut];
const OWN_CONDITIONS: readonly string[] = Object.values(CONDITION).filter(
  (type) => !CONDITIONS_OF_OTHERS.includes(type),
);

function ownConditions(status: Pick<NodeStateStatus, 'conditions'> | undefined): Condition[] {
  return (status?.conditions ?? []).filter(({ type }) => OWN_CONDITIONS.includes(type));
}

const SUMMARY: Readonly<Record<SyncStatus, Summary>> = {
  [SYNC_STATUS.succeeded]: 'ready',
  [SYNC_STATUS.inProgress]: 'progressing',
  [SYNC_STATUS.failed]: 'degraded',
};

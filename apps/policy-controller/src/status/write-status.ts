import { type Condition, CONDITION, type KubeObject, type Resource } from '@sriov/api';
import { mergeConditions, type NewCondition, transitionEvents } from '@sriov/conditions';
import { type EventRecorder, type KubeClient } from '@sriov/kube';
import { CHANGED_FOR_OTHERS_MS, PROGRESS_MS } from './progress-throttle.ts';

/** What statuses are written through. */
export interface StatusApi {
  readonly client: KubeClient;
  readonly recorder: EventRecorder;
  readonly now: () => number;
}

/** A status as we decide it; one that counts no nodes has conditions alone. */
export interface Decided {
  readonly matchedNodeCount?: number | undefined;
  readonly readyNodeCount?: number | undefined;
  readonly conditions: readonly NewCondition[];
}

type Counted = KubeObject & {
  status?: {
    conditions?: Condition[] | undefined;
    matchedNodeCount?: number | undefined;
    readyNodeCount?: number | undefined;
  };
};

/** The part of a status that has to be written. */
export interface StatusUpdate {
  readonly status: Decided & { readonly conditions: readonly Condition[] };
  /** Conditions whose status or reason is new. */
  readonly transitions: readonly Condition[];
  /** How long it has to last before it is written, in ms; 0 for news. See {@link ProgressThrottle}. */
  readonly lastingMs: number;
}

/**
 * What differs from the present status; `undefined` when nothing does. Conditions of types that are not ours are left
 * to whoever writes them.
 */
export function findStatusUpdate(
  object: Counted,
  decided: Decided,
  { now, isBeingConfigured = false }: { readonly now: number; readonly isBeingConfigured?: boolean },
): StatusUpdate | undefined {
  const present = object.status?.conditions ?? [];
  const { generation } = object.metadata;
  const merged = mergeConditions(present, decided.conditions, { generation, now });
  if (merged.changed.length === 0 && hasSameCounts(object.status ?? {}, decided)) return undefined;
  const conditions = merged.conditions.filter(({ type }) => decided.conditions.some((ours) => ours.type === type));
  return {
    status: { ...decided, conditions },
    transitions: merged.transitions,
    lastingMs: isCurrent(object)
      ? lastingMsOf({ present, next: conditions, transitions: merged.transitions }, isBeingConfigured)
      : 0,
  };
}

interface Change {
  readonly present: readonly Condition[];
  readonly next: readonly Condition[];
  readonly transitions: readonly Condition[];
}

function lastingMsOf({ present, next, transitions }: Change, isBeingConfigured: boolean): number {
  const wasReady = holds(present, CONDITION.ready);
  const isProgress = transitions.length === 0 || (wasReady && holds(next, CONDITION.progressing));
  if (!isProgress) return 0;
  return wasReady && isBeingConfigured ? CHANGED_FOR_OTHERS_MS : PROGRESS_MS;
}

function holds(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

/**
 * True when the present status is about the newest generation of the object. It then holds until the nodes are planned:
 * a new leader plans all of them, and meanwhile must not report that nothing is ready.
 */
export function isCurrent(object: Counted): boolean {
  const ready = object.status?.conditions?.find(({ type }) => type === CONDITION.ready);
  return ready !== undefined && ready.observedGeneration === object.metadata.generation;
}

/** Writes the status, and records an Event for each transition that people should hear of. */
export async function writeStatus<T extends Counted>(
  ports: StatusApi,
  { resource, object }: { readonly resource: Resource<T>; readonly object: T },
  { status, transitions }: StatusUpdate,
): Promise<void> {
  const { name, namespace } = object.metadata;
  const identity = { metadata: { name, ...(namespace !== undefined && { namespace }) } };
  const applied: KubeObject = { ...identity, ...{ status } };
  await ports.client.apply(resource, applied, { subresource: 'status', metadataOnly: true });
  for (const event of transitionEvents(transitions, 'outcomes')) ports.recorder.record(resource, object, event);
}

function hasSameCounts(a: Omit<Decided, 'conditions'>, b: Omit<Decided, 'conditions'>): boolean {
  const [first, second] = [a, b].map(
    ({ matchedNodeCount = 0, readyNodeCount = 0 }) => `${matchedNodeCount} ${readyNodeCount}`,
  );
  return first === second;
}

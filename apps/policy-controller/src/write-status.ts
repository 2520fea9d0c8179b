import { type Condition, CONDITION, type KubeObject, REASON, type Resource } from '@sriov/api';
import { mergeConditions, type NewCondition } from '@sriov/controller';
import { type EventRecorder, type KubeClient } from '@sriov/kube';

/** What statuses are written through. */
export interface StatusPorts {
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

/**
 * Writes the status where it differs from what stands there, and tells people what became of the object. Conditions
 * of types that are not ours are left to whoever writes them.
 * Returns the conditions whose status or reason is new.
 */
export async function writeStatus<T extends Counted>(
  ports: StatusPorts,
  { resource, object }: { readonly resource: Resource<T>; readonly object: T },
  decided: Decided,
): Promise<readonly Condition[]> {
  const present = object.status;
  const merged = mergeConditions(present?.conditions ?? [], decided.conditions, {
    generation: object.metadata.generation,
    now: ports.now(),
  });
  if (merged.changed.length === 0 && hasSameCounts(present ?? {}, decided)) return [];
  const { conditions: _, ...counts } = decided;
  const { name, namespace } = object.metadata;
  const conditions = merged.conditions.filter(({ type }) => decided.conditions.some((ours) => ours.type === type));
  const identity = { metadata: { name, ...(namespace !== undefined && { namespace }) } };
  const applied: KubeObject = { ...identity, ...{ status: { ...counts, conditions } } };
  await ports.client.apply(resource as Resource, applied, { subresource: 'status', metadataOnly: true });
  for (const condition of merged.transitions) {
    const type = newsOf(condition);
    if (type === undefined) continue;
    const { reason, message } = condition;
    ports.recorder.record(resource, object, { type, reason, message });
  }
  return merged.transitions;
}

function hasSameCounts(a: Omit<Decided, 'conditions'>, b: Omit<Decided, 'conditions'>): boolean {
  const [first, second] = [a, b].map(
    ({ matchedNodeCount = 0, readyNodeCount = 0 }) => `${matchedNodeCount} ${readyNodeCount}`,
  );
  return first === second;
}

/** Whether people should hear of the condition, and how. That something is on its way is no news. */
function newsOf({ type, status, reason }: Condition): 'Normal' | 'Warning' | undefined {
  switch (type) {
    case CONDITION.degraded:
      return status === 'True' ? 'Warning' : undefined;
    case CONDITION.ready:
      return status === 'True' ? 'Normal' : undefined;
    case CONDITION.progressing:
      return undefined;
    default:
      return status === 'False' || reason === REASON.configMapNearlyFull ? 'Warning' : undefined;
  }
}

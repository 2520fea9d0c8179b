import { type Condition, formatTime } from '@sriov/api';

/** A condition as a reconciler decides it. {@link mergeConditions} adds when it changed. */
export type NewCondition = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The conditions after a reconcile, and which of them changed. */
export interface MergedConditions {
  readonly conditions: Condition[];
  /** Empty when nothing has to be written. */
  readonly changed: readonly Condition[];
  /** Those of `changed` whose status or reason differs, so that people have to hear of it. */
  readonly transitions: readonly Condition[];
}

/**
 * Merges the decided conditions into the present ones. Types that are not ours stay as they are. The time of a
 * transition moves only with the status.
 */
export function mergeConditions(
  present: readonly Condition[],
  decided: readonly NewCondition[],
  facts: { readonly generation: number | undefined; readonly now: number },
): MergedConditions {
  const changed: Condition[] = [];
  const transitions: Condition[] = [];
  const ours = decided.map((condition) => {
    const before = present.find((other) => other.type === condition.type);
    const next = stamp(condition, before, facts);
    if (before === undefined || !isSame(before, next)) changed.push(next);
    if (before === undefined || before.status !== next.status || before.reason !== next.reason) transitions.push(next);
    return next;
  });
  const others = present.filter((condition) => !decided.some(({ type }) => type === condition.type));
  return { conditions: [...others, ...ours], changed, transitions };
}

function stamp(
  condition: NewCondition,
  before: Condition | undefined,
  facts: { readonly generation: number | undefined; readonly now: number },
): Condition {
  const isTransition = before?.status !== condition.status;
  return {
    type: condition.type,
    status: condition.status,
    ...(facts.generation !== undefined && { observedGeneration: facts.generation }),
    lastTransitionTime: before && !isTransition ? before.lastTransitionTime : formatTime(facts.now),
    reason: condition.reason,
    message: truncate(condition.message),
  };
}

function isSame(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  );
}

/** The CRDs allow 32,768 characters; nobody reads beyond a few lines. */
const MAX_MESSAGE = 4096;

/**
 * A message at a length that people read. Half a character, which a cut can leave, becomes what the API server would
 * make of it.
 */
export function truncate(message: string): string {
  const text = message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

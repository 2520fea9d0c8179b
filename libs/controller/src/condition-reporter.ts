import { type Condition, type EventType, type KubeObject } from '@sriov/api';
import { eventTypeOf, mergeConditions, type NewCondition } from '@sriov/conditions';
import { refusalOf } from './refusal.ts';

/** An object whose status carries conditions. */
export type Conditioned = KubeObject & { status?: { conditions?: Condition[] | undefined } | undefined };

/** What the reporter asks of the outside. */
export interface ReporterPorts<T extends Conditioned> {
  /** The object from the cache. */
  get(key: string): T | undefined;
  /** Writes these conditions and no others into the status of the object. */
  writeConditions(object: T, conditions: readonly Condition[]): Promise<void>;
  /** Records an Event about the object. */
  recordEvent(object: T, event: { readonly type: EventType; reason: string; message: string }): void;
  now(): number;
}

/**
 * Writes decided conditions where they differ from the present ones, with an Event for each transition.
 * Returns a function that takes the key of an object and its conditions; an object that is gone is no error.
 */
export function createConditionReporter<T extends Conditioned>(
  ports: ReporterPorts<T>,
): (key: string, decided: readonly NewCondition[]) => Promise<void> {
  return async (key, decided) => {
    const object = ports.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const recordEvents = (conditions: readonly Condition[]): void => {
      for (const condition of conditions) {
        const { reason, message } = condition;
        ports.recordEvent(object, { type: eventTypeOf(condition), reason, message });
      }
    };
    const merged = mergeConditions(object.status?.conditions ?? [], decided, {
      generation: object.metadata.generation,
      now: ports.now(),
    });
    if (merged.changed.length === 0) return;
    const ours = merged.conditions.filter(({ type }) => decided.some((condition) => condition.type === type));
    try {
      await ports.writeConditions(object, ours);
    } catch (error) {
      // The cache does not know yet that the object is gone.
      if (refusalOf(error).status === 404) return;
      // Trouble that cannot be written into the status is told by an Event, for which another permission counts.
      recordEvents(merged.transitions.filter((condition) => eventTypeOf(condition) === 'Warning'));
      throw error;
    }
    recordEvents(merged.transitions);
  };
}

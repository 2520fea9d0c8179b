import { type Condition, type Conditioned, type EventText } from '@sriov/api';
import { type Announced, mergeConditions, type NewCondition, transitionEvents } from '@sriov/conditions';
import { refusalOf } from './refusal.ts';

/** What the reporter asks of the outside. */
export interface ReporterPorts<T extends Conditioned> {
  /** The object from the cache. */
  get(key: string): T | undefined;
  /** Writes these conditions and no others into the status of the object. */
  writeConditions(object: T, conditions: readonly Condition[]): Promise<void>;
  /** Records an Event about the object. */
  recordEvent(object: T, event: EventText): void;
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
    const merged = mergeConditions(object.status?.conditions ?? [], decided, {
      generation: object.metadata.generation,
      now: ports.now(),
    });
    if (merged.changed.length === 0) return;
    const recordEvents = (announced: Announced): void => {
      for (const event of transitionEvents(merged.transitions, announced)) ports.recordEvent(object, event);
    };
    const ours = merged.conditions.filter(({ type }) => decided.some((condition) => condition.type === type));
    try {
      await ports.writeConditions(object, ours);
    } catch (error) {
      // The cache does not know yet that the object is gone.
      if (refusalOf(error).status === 404) return;
      // Trouble that cannot be written into the status is told by an Event, for which another permission counts.
      recordEvents('trouble');
      throw error;
    }
    recordEvents('each');
  };
}

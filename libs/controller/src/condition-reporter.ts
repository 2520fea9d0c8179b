import { type Condition, type KubeObject } from '@sriov/api';
import { mergeConditions, type NewCondition } from './conditions.ts';
import { refusalOf } from './refusal.ts';

/** An object whose status carries conditions. */
export type Conditioned = KubeObject & { status?: { conditions?: Condition[] | undefined } | undefined };

/** What the reporter asks of the outside. */
export interface ReporterPorts<T extends Conditioned> {
  /** The object from the cache. */
  get(key: string): T | undefined;
  /** Writes these conditions and no others into the status of the object. */
  writeConditions(object: T, conditions: readonly Condition[]): Promise<void>;
  /** Tells the people who watch the object. */
  recordEvent(object: T, event: { readonly type: 'Normal' | 'Warning'; reason: string; message: string }): void;
  now(): number;
}

/**
 * Writes decided conditions where they differ from what stands there, with an Event for each transition.
 * Returns a function that takes the key of an object and its conditions; an object that is gone is no error.
 */
export function createConditionReporter<T extends Conditioned>(
  ports: ReporterPorts<T>,
): (key: string, decided: readonly NewCondition[]) => Promise<void> {
  return async (key, decided) => {
    const object = ports.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const tell = (news: readonly Condition[]): void => {
      for (const { type, status, reason, message } of news) {
        ports.recordEvent(object, { type: isGood(type, status) ? 'Normal' : 'Warning', reason, message });
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
      // The cache has not heard yet that it is gone.
      if (refusalOf(error).status === 404) return;
      // Trouble that cannot stand in the status is told by an Event, which is another right.
      tell(merged.transitions.filter(({ type, status }) => !isGood(type, status)));
      throw error;
    }
    tell(merged.transitions);
  };
}

/** `Degraded` speaks of trouble when it is True, every other type when it is False. */
function isGood(type: string, status: Condition['status']): boolean {
  return type === 'Degraded' ? status !== 'True' : status !== 'False';
}

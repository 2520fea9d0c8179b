import { type Condition, CONDITION, type EventText } from '@sriov/api';
import { eventTypeOf } from './event-type.ts';

/**
 * Which transitions of conditions become Events:
 *
 * - `each`: every transition, one Event each. For objects with few conditions that change rarely.
 * - `outcomes`: what came out, which is Ready that holds, and trouble in a condition of its own. Progress and the end of
 *   a problem get no Event, and neither does Ready that does not hold: Progressing or Degraded says why.
 * - `trouble`: only what warns.
 */
export type Announced = 'each' | 'outcomes' | 'trouble';

/** The Events that tell people of transitions. */
export function transitionEvents(transitions: readonly Condition[], announced: Announced): EventText[] {
  return transitions.filter(DESERVES[announced]).map(eventOf);
}

const DESERVES: Readonly<Record<Announced, (condition: Condition) => boolean>> = {
  each: () => true,
  outcomes: isOutcome,
  trouble: isTrouble,
};

function isOutcome(condition: Condition): boolean {
  switch (condition.type) {
    case CONDITION.ready:
      return condition.status === 'True';
    case CONDITION.progressing:
      return false;
    default:
      return isTrouble(condition);
  }
}

function isTrouble(condition: Condition): boolean {
  return eventTypeOf(condition) === 'Warning';
}

function eventOf(condition: Condition): EventText {
  const { reason, message } = condition;
  return { type: eventTypeOf(condition), reason, message };
}

/**
 * The one Event about Ready, Progressing and Degraded together, which say the same from three sides; none while Ready
 * stays as it is. `conditions` are all of the object: Degraded may have been there already.
 */
export function summaryEvents(transitions: readonly Condition[], conditions: readonly Condition[] = []): EventText[] {
  const ready = transitions.find(({ type }) => type === CONDITION.ready);
  if (ready === undefined) return [];
  const isDegraded = conditions.some(({ type, status }) => type === CONDITION.degraded && status === 'True');
  return [{ type: isDegraded ? 'Warning' : 'Normal', reason: ready.reason, message: ready.message }];
}

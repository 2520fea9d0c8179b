import { CONDITION } from '@sriov/api';
import { type NewCondition } from './merge-conditions.ts';

/** How an object does as a whole; `idle` when there is nothing to do for it. */
export type Summary = 'ready' | 'progressing' | 'degraded' | 'idle';

/**
 * Ready, Progressing and Degraded, all three with the same reason and message. At most one of them holds: the one that
 * the summary names.
 */
export function summaryConditions(
  summary: Summary,
  { reason, message }: Pick<NewCondition, 'reason' | 'message'>,
): NewCondition[] {
  return (['ready', 'progressing', 'degraded'] as const).map((name) => ({
    type: CONDITION[name],
    status: name === summary ? 'True' : 'False',
    reason,
    message,
  }));
}

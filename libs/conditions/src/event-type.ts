import { type Condition, CONDITION, type EventType, REASON } from '@sriov/api';

/** Reasons that warn although their condition is good. */
const WARNING_REASONS: readonly string[] = [
  REASON.configMapNearlyFull,
  REASON.devicePluginSilent,
  REASON.handoverFailed,
  REASON.nodeLost,
];

/** Reasons that are no trouble although their condition is not True: a drain takes its time, and a pause is wanted. */
const CALM_REASONS: readonly string[] = [
  REASON.drainWaiting,
  REASON.drainWaitsForPool,
  REASON.draining,
  REASON.drainOver,
  REASON.rolloutPaused,
  REASON.canaryWaiting,
];

/**
 * The type of the Event that tells of a condition. `Degraded` speaks of trouble when it is True, every other type when
 * it is False.
 */
export function eventTypeOf({ type, status, reason }: Pick<Condition, 'type' | 'status' | 'reason'>): EventType {
  if (CALM_REASONS.includes(reason)) return 'Normal';
  const isTrouble = type === CONDITION.degraded ? status === 'True' : status === 'False';
  return isTrouble || WARNING_REASONS.includes(reason) ? 'Warning' : 'Normal';
}

import { formatTime, type LabelSelector, type PoolDrain } from '@sriov/api';

/** How the nodes of a pool are drained, see `drain` of a SriovNetworkPoolConfig. */
export interface DrainPolicy {
  /** How long a drain may take, in ms; absent: without limit. */
  readonly timeoutMs?: number | undefined;
  readonly onTimeout: 'wait' | 'release' | 'force';
  /** How long a node with a slot may be not ready until it counts as lost, in ms; absent: it never does. */
  readonly lostAfterMs?: number | undefined;
  /** Pods that the drain waits for instead of evicting them; absent: none. */
  readonly waitForPods?: LabelSelector | undefined;
}

/** Of pools that say nothing, of the default pool, and of nodes whose pool is not known. */
const PATIENT: DrainPolicy = { onTimeout: 'wait' };

/** Reads how the nodes of a pool are drained. */
export function readDrainPolicy(drain: PoolDrain | undefined): DrainPolicy {
  if (drain === undefined) return PATIENT;
  const { timeoutSeconds, lostAfterSeconds, onTimeout = 'wait', waitForPods } = drain;
  return { onTimeout, waitForPods, timeoutMs: inMs(timeoutSeconds), lostAfterMs: inMs(lostAfterSeconds) };
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** When things happened to the drain of a node: RFC 3339 times of its grant, and of the end of the one before. */
interface DrainEvents {
  readonly grantedAt?: string | undefined;
  readonly releasedAt?: string | undefined;
  /** Since when a node that has a slot is not ready. */
  readonly awaySince?: string | undefined;
}

/** What the policy makes of that, see {@link RolloutNode}. */
export interface DrainTimes {
  /** When the drain has taken too long, in ms since the epoch; absent without a limit. */
  readonly overdueAt?: number | undefined;
  readonly isOverdue: boolean;
  /** When the node counts as lost, in ms since the epoch; absent where it never does. */
  readonly lostAt?: number | undefined;
  readonly isLost: boolean;
  readonly pausesUntil?: string | undefined;
}

/**
 * Says whether a drain takes too long, and how long the node has to wait for its next turn. A node whose drain was
 * given up takes pods for as long as the drain could take, so that it is of use while nothing in its way has changed.
 * A time that cannot be read limits nothing.
 */
export function drainTimes(
  { timeoutMs, lostAfterMs }: DrainPolicy,
  { grantedAt, releasedAt, awaySince }: DrainEvents,
  now: number,
): DrainTimes {
  const overdueAt = endOf(grantedAt, timeoutMs);
  const pauseEnd = endOf(releasedAt, timeoutMs);
  const lostAt = endOf(awaySince, lostAfterMs);
  return {
    overdueAt,
    isOverdue: overdueAt !== undefined && overdueAt <= now,
    lostAt,
    isLost: lostAt !== undefined && lostAt <= now,
    pausesUntil: pauseEnd !== undefined && pauseEnd > now ? formatTime(pauseEnd) : undefined,
  };
}

function endOf(begin: string | undefined, ms: number | undefined): number | undefined {
  const from = Date.parse(begin ?? '');
  return ms === undefined || Number.isNaN(from) ? undefined : from + ms;
}

/** How far the clocks of two machines may be apart. */
const SKEW_MS = 60_000;

/**
 * A time at which something has happened, as another machine has written it. One of the future was written by a clock
 * that was wrong: it says nothing, or a node would have no turn until that time comes.
 */
export function readPastTime(time: string | undefined, now: number): string | undefined {
  return time !== undefined && Date.parse(time) <= now + SKEW_MS ? time : undefined;
}

import { REASON, SYNC_STATUS } from '@sriov/api';
import { type Verdict } from './verdict.ts';

/** First wait before the host is looked at again, in milliseconds; where nothing was tried, it stays the same. */
const FIRST_MS = 30_000;
const LONGEST_MS = 5 * 60_000;

/** Time after which a call that has not come back from the kernel counts as a failure: slow firmware needs less. */
const PATIENCE_MS = 120_000;

/**
 * Whether calls that are still in the kernel pass for work in progress. @param longestMs how long the longest has run
 */
export function isPatientWith(longestMs: number | undefined): boolean {
  return longestMs !== undefined && longestMs < PATIENCE_MS;
}

/** How often in a row a spec has been tried in vain. */
export interface Attempts {
  readonly generation: number | undefined;
  readonly failures: number;
}

/** Nothing has been tried yet. */
export const NO_ATTEMPTS: Attempts = { generation: undefined, failures: 0 };

/** A pass that has ended. */
export interface EndedPass {
  readonly verdict: Verdict;
  /** Generation of the node state that the pass worked for. */
  readonly generation: number | undefined;
  /** Something was tried, and failed. */
  readonly hasFailed: boolean;
}

/** When to look again: not before an event, only when what the policy controller writes wakes us, or after `ms`. */
export type NextLook =
  { readonly kind: 'done' } | { readonly kind: 'stalled' } | { readonly kind: 'wait'; readonly ms: number };

/**
 * Decides when to look again. The wait stays the same where nothing was tried. It grows where what was tried failed
 * again, and is short again when another spec is tried.
 */
export function nextLook(before: Attempts, pass: EndedPass): { readonly next: NextLook; readonly attempts: Attempts } {
  const { verdict, generation, hasFailed } = pass;
  if (verdict.syncStatus === SYNC_STATUS.succeeded && !hasFailed) return { next: { kind: 'done' }, attempts: before };
  // What the policy controller writes wakes us; there is nothing to try before.
  if (verdict.reason === REASON.notPlannedYet) return { next: { kind: 'stalled' }, attempts: before };
  const isAgain = hasFailed && generation === before.generation;
  const failures = (isAgain ? before.failures : 0) + (hasFailed ? 1 : 0);
  const ms = Math.min(FIRST_MS * 2 ** Math.max(0, failures - 1), LONGEST_MS);
  return { next: { kind: 'wait', ms }, attempts: { generation, failures } };
}

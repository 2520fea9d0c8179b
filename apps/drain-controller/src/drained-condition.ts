import { CONDITION, type Condition, REASON, type Reason } from '@sriov/api';
import { type Evicted } from './evict.ts';

/** The condition `Drained` of a node state, before it has a time. */
export type DrainedCondition = Pick<Condition, 'type' | 'status' | 'message'> & { readonly reason: Reason };

function drained(status: Condition['status'], reason: Reason, message: string): DrainedCondition {
  return { type: CONDITION.drained, status, reason, message };
}

/** The node has asked, and waits. */
export const waitingCondition = (message: string): DrainedCondition => drained('False', REASON.drainWaiting, message);

/** An annotation cannot be understood. */
export const stuckCondition = (message: string): DrainedCondition =>
  drained('False', REASON.drainStateInvalid, message);

/** The daemon may work. */
export const completeCondition = (staying: Evicted['staying']): DrainedCondition =>
  drained('True', REASON.drainComplete, `the pods that had to leave have left${describeStaying(staying)}`);

/** No drain is asked for any more. */
export const overCondition = (): DrainedCondition =>
  drained('False', REASON.drainOver, 'the node asks for no drain, and takes pods as before');

/** Pods still have to leave. */
export function leavingCondition({ left, blocked, staying }: Evicted): DrainedCondition {
  if (blocked.length > 0) {
    return drained('False', REASON.drainBlocked, `cannot be evicted now: ${firstOf(blocked, '; ')}`);
  }
  return drained('False', REASON.draining, `pods have to leave: ${firstOf(left, ', ')}${describeStaying(staying)}`);
}

/** Most pods that a message names. */
const MAX_NAMED = 10;

function firstOf(names: readonly string[], separator: string): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  return `${names.slice(0, MAX_NAMED).join(separator)}${more}`;
}

function describeStaying(staying: Evicted['staying']): string {
  if (staying.length === 0) return '';
  const names = staying.map(({ pod: { namespace, name }, because }) => `${namespace}/${name} (${WORDS[because]})`);
  return `; with a VF stay: ${firstOf(names, ', ')}`;
}

const WORDS = { daemonSet: 'of a DaemonSet', mirror: 'run by the kubelet from a file' } as const;

import { CONDITION, type Condition, REASON, type Reason } from '@sriov/api';
import { describeDuration } from '@sriov/words';
import { type Evicted } from './evict.ts';
import { type NotHeld } from './orchestrator.ts';

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

/** The daemon may work, and the pods stay. */
export const skippedCondition = (because: 'alone' | 'disabled'): DrainedCondition =>
  drained('False', REASON.drainSkipped, `it is the turn of the node, and its pods stay, because ${STAY[because]}`);

const STAY = {
  alone: 'it is the only node of the cluster, and they could go nowhere',
  disabled: 'disableDrain of the SriovOperatorConfig is set',
} as const;

/** Somebody else may drain or reboot the node. */
export const notHeldCondition = ({ reason, message }: NotHeld): DrainedCondition => drained('False', reason, message);

/** No drain is asked for any more. */
export const overCondition = (): DrainedCondition =>
  drained('False', REASON.drainOver, 'the node asks for no drain, and takes pods as before');

/** Somebody else than this controller drains the node, and has not begun. */
export const externalCondition = (): DrainedCondition =>
  drained(
    'False',
    REASON.externalDrainer,
    'the node asks for a drain and leaves it to an external drainer, which has not begun (does one run? without one, switch off externalDrainer)',
  );

/** The drain took too long, and its slot is given to the next. `before`: what was in the way at last. */
export const releasedCondition = (timeoutMs: number, before: string): DrainedCondition =>
  drained(
    'False',
    REASON.drainReleased,
    `gave the node back, because its drain was not done after ${describeDuration(timeoutMs)}: ${before}`,
  );

/** The node is away for too long, and its slot is given to the next. */
export const lostCondition = (lostAfterMs: number): DrainedCondition =>
  drained(
    'Unknown',
    REASON.nodeLost,
    `the node was drained and has been not ready for ${describeDuration(lostAfterMs)}: its pool goes on without it, and it has its slot again when it is back`,
  );

/** Nobody knows which pods are on the node. */
export const unreadCondition = (because: string): DrainedCondition =>
  drained('False', REASON.drainBlocked, `cannot list the pods of the node, and evicts none: ${because}`);

/** Pods still have to leave. `overdueMs`: the time that the drain was to take at most, once it is over. */
export function leavingCondition(evicted: Evicted, overdueMs?: number): DrainedCondition {
  const { blocked } = evicted;
  const message = describeLeaving(evicted);
  if (overdueMs !== undefined) {
    const head = `the drain was to take ${describeDuration(overdueMs)} at most, and goes on`;
    return drained('False', REASON.drainOverdue, `${head}: ${message}`);
  }
  return drained('False', blocked.length > 0 ? REASON.drainBlocked : REASON.draining, message);
}

function describeLeaving({ left, blocked, awaited, staying, progress }: Evicted): string {
  const done = `${progress.gone} of ${progress.total} ${progress.total === 1 ? 'pod has' : 'pods have'} left`;
  const others = left.filter((name) => !awaited.includes(name));
  const parts = [
    ...(blocked.length > 0 ? [`cannot be evicted now: ${firstOf(blocked, '; ')}`] : []),
    ...(blocked.length === 0 && others.length > 0 ? [`have to leave: ${firstOf(others, ', ')}`] : []),
    ...(awaited.length > 0 ? [`are left to end by themselves: ${firstOf(awaited, ', ')}`] : []),
  ];
  return `${done}; ${parts.join('; ')}${describeStaying(staying)}`;
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

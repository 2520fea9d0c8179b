import { formatTime, REASON } from '@sriov/api';
import { type DrainState, type Move, nextMove, type WaitReason } from '@sriov/drain-protocol';
import { type DrainWait, type HostPlan, isIdle } from '@sriov/node-plan';
import { asksAgainAt, type DrainInVain, NODE, REBOOT } from './drain-in-vain.ts';
import { type DrainedEnd, holdersOf, needOf, type PassRest, PATIENCE_MS, withoutGivenUp } from './drain-need.ts';
import { type WaitsFor } from './drain-metrics.ts';
import { type DrainFacts } from './gather-drain.ts';

/** What is done about the drain at the end of a pass. */
export type DrainStep =
  | { readonly kind: 'none' }
  | { readonly kind: 'ask'; readonly request: 'Drain_Required' | 'Reboot_Required'; readonly why: readonly string[] }
  /** `inVain`: what the node was drained for has not come. */
  | { readonly kind: 'withdraw'; readonly because: string; readonly inVain?: DrainInVain }
  /** What a drain was in vain for is done, or wanted no more. */
  | { readonly kind: 'forget' }
  /** Say on the node state whether another controller than ours drains the node. */
  | { readonly kind: 'mark'; readonly isExternal: boolean };

/** The step, and what the node waits for; nothing where it waits for nothing. */
export interface DrainPlan {
  readonly step: DrainStep;
  readonly waits?: DrainWait & { readonly waitsFor: WaitsFor };
  /** The node stays drained, because something that needs the drain has not come yet. */
  readonly isHeld?: true;
}

/** What does not come from here. */
export interface DrainWish {
  readonly wantsExternal: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** For how many milliseconds something that needs the drain has not come; absent where it has. */
  readonly heldMs?: number | undefined;
}

/** Decides what a pass does about the drain of its node, from what it has left. */
export function planDrain(facts: DrainFacts, end: DrainedEnd, wish: DrainWish): DrainPlan {
  const { state, isExternal } = facts;
  if (typeof state === 'string') return invalid(state);
  if (isResting(state) && isExternal !== wish.wantsExternal) {
    return { step: { kind: 'mark', isExternal: wish.wantsExternal } };
  }
  const isGranted = state.progress === 'DrainComplete' && facts.mayDisturb !== 'nothing';
  const holders = isGranted ? withoutGivenUp(holdersOf(end), facts.inVain, wish.now) : [];
  if (isInVain(holders, end, wish)) return giveUp(holders, facts, wish.now);
  const held = holders.length > 0 ? { isHeld: true as const } : {};
  // What was not seen is no reason to ask, or to take a request back.
  if (end === 'unreadable') return { step: { kind: 'none' }, ...held };
  return { ...planMove({ ...facts, state }, end, wish.now), ...held };
}

/** Facts about a node whose annotations can be understood. */
type ReadFacts = DrainFacts & { readonly state: DrainState };

function planMove(facts: ReadFacts, end: PassRest, now: number): DrainPlan {
  const { state, inVain, isDrainDisabled } = facts;
  const need = needOf(end, { isAsking: state.request !== 'Idle', inVain, now });
  const move = nextMove({ need: need.now, state, isDrainDisabled });
  const isPausing = need.isGivenUp && isResting(state);
  return { step: stepOf(move, end, facts), ...(isPausing ? describeGivenUp(inVain) : waitOf(move, facts, now)) };
}

function isResting({ request, progress }: DrainState): boolean {
  return request === 'Idle' && progress === 'Idle';
}

function invalid(fault: string): DrainPlan {
  const waits = { reason: REASON.drainStateInvalid, message: fault, isInVain: true, waitsFor: 'answer' } as const;
  return { step: { kind: 'none' }, waits };
}

/** A node that goes down is not given back: it would take its new pods down with it. */
function isInVain(holders: readonly string[], end: DrainedEnd, { heldMs = 0 }: DrainWish): boolean {
  if (holders.length === 0 || (end !== 'unreadable' && end.isGoingDown === true)) return false;
  return heldMs >= PATIENCE_MS;
}

function giveUp(holders: readonly string[], { generation, inVain: before }: DrainFacts, now: number): DrainPlan {
  const of = [...new Set([...(before?.of ?? []), ...holders])];
  const inVain = { generation, at: formatTime(now), times: (before?.times ?? 0) + 1, of };
  return {
    step: { kind: 'withdraw', because: WITHDRAWN.inVain, inVain },
    ...describeGivenUp(inVain),
  };
}

const WORDS: Readonly<Record<string, string>> = { [REBOOT]: 'its reboot', [NODE]: 'what concerns it as a whole' };

function describeGivenUp(inVain: DrainInVain | undefined): Pick<DrainPlan, 'waits'> {
  if (inVain === undefined) return {};
  const { at, of } = inVain;
  const what = of.map((each) => WORDS[each] ?? each).join(', ');
  const message = `the node was drained for ${what}, which did not come within ${PATIENCE_MS / 60_000} min, and was given back at ${at}: it asks again when its spec changes, or at ${formatTime(asksAgainAt(inVain))}, or when the annotation drain-in-vain is removed from its SriovNetworkNodeState`;
  return { waits: { reason: REASON.drainInVain, message, isInVain: true, waitsFor: 'retry' } };
}

function stepOf(move: Move, end: PassRest, { inVain, state }: ReadFacts): DrainStep {
  switch (move.kind) {
    case 'proceed':
    case 'wait':
      return { kind: inVain !== undefined && isResting(state) && isDone(end) ? 'forget' : 'none' };
    case 'ask':
      return { kind: 'ask', request: move.request, why: reasonsOf(end.rest) };
    case 'withdraw':
      return { kind: 'withdraw', because: WITHDRAWN[move.because] };
  }
}

function isDone({ rest, failures }: PassRest): boolean {
  const { needsDrain = [], needsReboot = [] } = rest;
  return isIdle(rest) && failures.length + needsDrain.length + needsReboot.length === 0;
}

function reasonsOf({ needsDrain = [], needsReboot = [] }: HostPlan): string[] {
  return [...needsReboot, ...needsDrain].map(({ pciAddress, why }) =>
    pciAddress === undefined ? why : `${pciAddress}: ${why}`,
  );
}

const WITHDRAWN = {
  done: 'nothing is left that takes a drain',
  wrongGrant: 'a reboot is necessary as well, and the node has asked for a drain alone',
  unsettled: 'the request stood on the Node or on the SriovNetworkNodeState alone',
  inVain: 'what the node was drained for has not come',
} as const;

/** Time after which a drain controller that runs has said why a node waits. */
const UNANSWERED_MS = 30_000;

function waitOf(move: Move, facts: DrainFacts, now: number): Pick<DrainPlan, 'waits'> {
  switch (move.kind) {
    case 'proceed':
      return {};
    case 'withdraw':
      return move.because === 'done' ? {} : { waits: asking(now) };
    case 'ask':
      return { waits: asking(now) };
    case 'wait':
      return { waits: waitingFor(move.because, facts, now) };
  }
}

type Wait = NonNullable<DrainPlan['waits']>;

function asking(now: number): Wait {
  return { reason: REASON.drainWaiting, message: `the node has asked to be drained${since(now)}`, waitsFor: 'slot' };
}

function waitingFor(because: WaitReason, facts: DrainFacts, now: number): Wait {
  const { askedAt } = facts;
  const asked = askedAt === undefined ? NaN : Date.parse(askedAt);
  switch (because) {
    case 'lastGrant':
      return {
        reason: REASON.drainWaiting,
        message: 'the node has to be drained again, and waits until its last drain has been ended',
        waitsFor: 'last-grant',
      };
    case 'eviction':
      return waitingForEviction(facts, asked);
    case 'slot':
      return waitingForSlot(facts, asked, now);
  }
}

function waitingForEviction({ answer }: DrainFacts, asked: number): Wait {
  if (answer === REASON.drainWaitsForPool || answer === REASON.machineConfigPoolUnknown) {
    const message = `the node waits for its MachineConfigPool${since(asked)}; the condition Drained says why`;
    return { reason: answer, message, waitsFor: 'eviction' };
  }
  const message = `the node waits until its pods have left${since(asked)}; the condition Drained has the pods`;
  return { reason: REASON.draining, message, waitsFor: 'eviction' };
}

function waitingForSlot({ answer, isExternal }: DrainFacts, asked: number, now: number): Wait {
  const reason = REASON.drainWaiting;
  if (isExternal) {
    return { reason, message: `the node waits for its external drainer${since(asked)}`, waitsFor: 'slot' };
  }
  if (answer !== undefined && answer !== REASON.drainOver) {
    const message = `the node waits for its turn to be drained${since(asked)}; the condition Drained says why`;
    return { reason, message, waitsFor: 'slot' };
  }
  if (now - asked < UNANSWERED_MS) return asking(asked);
  const message = `the node has asked to be drained${since(asked)}, and no drain controller has answered: nothing that is in use is changed; see whether the Deployment drain-controller runs`;
  return { reason: REASON.drainUnanswered, message, isInVain: true, waitsFor: 'answer' };
}

function since(ms: number): string {
  return Number.isNaN(ms) ? '' : `, since ${new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')}`;
}

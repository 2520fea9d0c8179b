import { REASON } from '@sriov/api';
import { type Move, type Need, nextMove, type WaitReason } from '@sriov/drain-protocol';
import { type DrainWait, type HostPlan, isIdle, type PlanProblemReason, type StepFailure } from '@sriov/node-plan';
import { type WaitsFor } from './drain-metrics.ts';
import { type DrainFacts } from './gather-drain.ts';

/** What is left at the end of a pass. */
export interface PassRest {
  readonly rest: HostPlan;
  readonly failures: readonly StepFailure[];
}

/** What is done about the drain at the end of a pass. */
export type DrainStep =
  | { readonly kind: 'none' }
  | { readonly kind: 'ask'; readonly request: 'Drain_Required' | 'Reboot_Required'; readonly why: readonly string[] }
  | { readonly kind: 'withdraw'; readonly because: string }
  /** Say on the node state whether another controller than ours drains the node. */
  | { readonly kind: 'mark'; readonly isExternal: boolean };

/** The step, and what the node waits for; nothing where it waits for nothing. */
export interface DrainPlan {
  readonly step: DrainStep;
  readonly waits?: DrainWait & { readonly waitsFor: WaitsFor };
}

/** What does not come from here. */
export interface DrainWish {
  readonly wantsExternal: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Decides what a pass does about the drain of its node, from what it has left. */
export function planDrain(facts: DrainFacts, end: PassRest, wish: DrainWish): DrainPlan {
  const { state, isDrainDisabled, isExternal } = facts;
  if (typeof state === 'string') return invalid(state);
  const isResting = state.request === 'Idle' && state.progress === 'Idle';
  if (isResting && isExternal !== wish.wantsExternal) {
    return { step: { kind: 'mark', isExternal: wish.wantsExternal } };
  }
  const move = nextMove({ need: needOf(end, facts.mayDisturb), state, isDrainDisabled });
  return { step: stepOf(move, end), ...waitOf(move, facts, wish.now) };
}

function invalid(fault: string): DrainPlan {
  const waits = { reason: REASON.drainStateInvalid, message: fault, isInVain: true, waitsFor: 'answer' } as const;
  return { step: { kind: 'none' }, waits };
}

/**
 * What the rest of the work takes. A node that has been drained stays so until nothing is left: users that are gone
 * would come back. What could not be read, or withdrawn from the kubelet, is left as well.
 */
function needOf({ rest, failures }: PassRest, mayDisturb: Need): Need {
  if ((rest.needsReboot ?? []).length > 0) return 'reboot';
  if ((rest.needsDrain ?? []).length > 0) return 'drain';
  const isDone =
    isIdle(rest) && failures.length === 0 && !rest.problems.some(({ reason }) => UNDECIDED.includes(reason));
  return mayDisturb === 'nothing' || isDone ? 'nothing' : 'drain';
}

/** Problems that say nothing against what is wanted, and go by themselves. */
const UNDECIDED: readonly PlanProblemReason[] = [
  REASON.notPlannedYet,
  REASON.blocked,
  REASON.notWithdrawn,
  REASON.devicePluginSilent,
  REASON.handoverFailed,
];

function stepOf(move: Move, { rest }: PassRest): DrainStep {
  switch (move.kind) {
    case 'proceed':
    case 'wait':
      return { kind: 'none' };
    case 'ask':
      return { kind: 'ask', request: move.request, why: reasonsOf(rest) };
    case 'withdraw':
      return { kind: 'withdraw', because: WITHDRAWN[move.because] };
  }
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
      return {
        reason: REASON.draining,
        message: `the node waits until its pods have left${since(asked)}; the condition Drained has the pods`,
        waitsFor: 'eviction',
      };
    case 'slot':
      return waitingForSlot(facts, asked, now);
  }
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

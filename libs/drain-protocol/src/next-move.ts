import { type DrainProgress, type DrainRequest } from '@sriov/api';
import { type DrainState } from './drain-state.ts';

/** What the change of a node takes: nothing, pods with VFs gone, or all pods gone and a reboot. */
export type Need = 'nothing' | 'drain' | 'reboot';

/** What a node may do now, and what it has to write first. */
export type Move =
  /** Go on. `mayDisturb` is what the grant allows: nothing that a pod can feel, VFs in use, or a reboot as well. */
  | { readonly kind: 'proceed'; readonly mayDisturb: Need }
  /** Write this request on both objects, and wait. */
  | { readonly kind: 'ask'; readonly request: 'Drain_Required' | 'Reboot_Required' }
  /** Write `Idle` on both objects, and wait until the drain controller has made the node schedulable again. */
  | { readonly kind: 'withdraw'; readonly because: WithdrawReason }
  /** Wait: the next event of the node state tells more. */
  | { readonly kind: 'wait'; readonly because: WaitReason };

/** Why a request is taken back. */
export type WithdrawReason =
  /** Nothing is left that takes a drain: the change was made, or nobody wants it any more. */
  | 'done'
  /** Pods with VFs were to go, and now all have to: a drain for the one is no licence for the other. */
  | 'wrongGrant'
  /** The request is on one of the two objects only: the daemon was killed between its writes. */
  | 'unsettled';

/** Why a node waits. */
export type WaitReason =
  /** It has asked, and its turn has not come. */
  | 'slot'
  /** Its pods are being evicted. */
  | 'eviction'
  /** The grant of its last request has not been taken back yet. */
  | 'lastGrant';

/** What decides about a move of the daemon. */
export interface MoveFacts {
  readonly need: Need;
  readonly state: Pick<DrainState, 'request' | 'progress'>;
  /** `disableDrain` of the SriovOperatorConfig: disturb VFs without asking. A reboot has its turn all the same. */
  readonly isDrainDisabled?: boolean;
}

/**
 * What the daemon does next. A grant (`DrainComplete`) counts only while the request that it was given for stands, so
 * a node that has taken its request back waits until the grant is gone as well before it asks again. Where nobody wants
 * drains, a reboot is asked for as well: otherwise all nodes would reboot at once.
 */
export function nextMove({ need, state: { request, progress }, isDrainDisabled = false }: MoveFacts): Move {
  if (request === 'unsettled') return { kind: 'withdraw', because: 'unsettled' };
  if (need === 'nothing') {
    return request === 'Idle' ? { kind: 'proceed', mayDisturb: 'nothing' } : { kind: 'withdraw', because: 'done' };
  }
  if (isDrainDisabled && need === 'drain' && progress === 'Idle') return { kind: 'proceed', mayDisturb: 'drain' };
  if (request === 'Idle') return whenIdle(need, progress);
  return whenAsked(need, request, progress);
}

/**
 * What the node may disturb now, whatever it turns out to need. A node that is in the middle of something looks at this
 * before it plans.
 */
export function permission(facts: Omit<MoveFacts, 'need'>): Need {
  const allowed = (['reboot', 'drain'] as const).find((need) => nextMove({ ...facts, need }).kind === 'proceed');
  return allowed ?? 'nothing';
}

function whenIdle(need: 'drain' | 'reboot', progress: DrainProgress): Move {
  if (progress !== 'Idle') return { kind: 'wait', because: 'lastGrant' };
  return { kind: 'ask', request: REQUEST_FOR[need] };
}

const REQUEST_FOR = { drain: 'Drain_Required', reboot: 'Reboot_Required' } as const;

/** The grant for a reboot is one for a drain as well. */
function whenAsked(need: 'drain' | 'reboot', request: Exclude<DrainRequest, 'Idle'>, progress: DrainProgress): Move {
  if (need === 'reboot' && request === 'Drain_Required') return { kind: 'withdraw', because: 'wrongGrant' };
  switch (progress) {
    case 'Idle':
      return { kind: 'wait', because: 'slot' };
    case 'Draining':
      return { kind: 'wait', because: 'eviction' };
    case 'DrainComplete':
      return { kind: 'proceed', mayDisturb: request === 'Reboot_Required' ? 'reboot' : 'drain' };
  }
}

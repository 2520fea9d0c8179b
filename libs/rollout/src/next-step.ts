import { type MissingAnnotation } from '@sriov/drain-protocol';
import { type CordonChange, planCordon, planUncordon } from './cordon.ts';
import { type DrainPolicy } from './drain-policy.ts';
import { type RolloutNode } from './rollout-node.ts';

/** What the drain controller does next about one node. Each is one write, or the eviction of pods. */
export type RolloutStep =
  | { readonly kind: 'none' }
  /** Make annotations that are absent, as `Idle`. */
  | { readonly kind: 'prepare'; readonly missing: readonly MissingAnnotation[] }
  /** Write `Draining`, if nobody has changed the node state since it was read. */
  | { readonly kind: 'grant' }
  /** Its turn has not come. */
  | { readonly kind: 'wait'; readonly message: string }
  /** Change the Node. */
  | { readonly kind: 'cordon' | 'uncordon'; readonly change: CordonChange }
  /**
   * Evict pods: those with VFs, or all. Then write `DrainComplete`, if nobody has changed the node state since. With
   * `force`, those that cannot be evicted are deleted.
   */
  | { readonly kind: 'evict'; readonly pods: 'withVfs' | 'all'; readonly force?: true }
  /** Write `DrainComplete` at once, if nobody has changed the node state since: no pod has to leave. */
  | { readonly kind: 'complete'; readonly because: 'alone' | 'disabled' }
  /** Write `Idle`: the slot is free. */
  | { readonly kind: 'release' }
  /** Write `Idle` although the node asks still: its drain has taken too long, and others have a turn first. */
  | { readonly kind: 'giveUp' }
  /** Nothing can be done until somebody corrects an annotation. */
  | { readonly kind: 'stuck'; readonly message: string };

/** What else decides about the step of a node. */
export interface StepFacts {
  readonly node: RolloutNode;
  /** Its turn has come. */
  readonly isGranted: boolean;
  /** Why it has not, where the node waits. */
  readonly waitsFor?: string | undefined;
  /** The cluster has no other node: nobody could take its pods. */
  readonly isAlone: boolean;
  /** `disableDrain` of the SriovOperatorConfig: nodes have their turns, and no pod has to leave. */
  readonly isDrainDisabled: boolean;
  /** What its pool does when a drain takes too long. */
  readonly onTimeout: DrainPolicy['onTimeout'];
}

const NONE: RolloutStep = { kind: 'none' };

/**
 * The next step about a node, from what the API server shows now: any replica can go on where another one has stopped.
 * A node with an external drainer gets the annotations that its daemon waits for, and nothing else.
 */
export function nextStep(facts: StepFacts): RolloutStep {
  const { state, isExternal } = facts.node;
  if (typeof state === 'string') return { kind: 'stuck', message: state };
  if (state.missing.length > 0) return { kind: 'prepare', missing: state.missing };
  if (isExternal || state.request === 'unsettled') return NONE;
  if (state.request === 'Idle') return giveBack(facts.node, state.progress !== 'Idle');
  switch (state.progress) {
    case 'Idle':
      return takeTurn(facts);
    case 'Draining':
      return drain(facts, state.request === 'Reboot_Required');
    case 'DrainComplete':
      return keepClosed(facts, state.request === 'Reboot_Required');
  }
}

/** First the node, then the slot: a node whose slot is free is never left cordoned by us. */
function giveBack(node: RolloutNode, hasSlot: boolean): RolloutStep {
  const change = hasSlot || node.cordon !== undefined ? planUncordon(node) : undefined;
  if (change !== undefined) return { kind: 'uncordon', change };
  return hasSlot ? { kind: 'release' } : NONE;
}

/** A cordon of ours that an earlier drain has left is taken away first: it would be taken for an administrator's. */
function takeTurn({ node, isGranted, waitsFor }: StepFacts): RolloutStep {
  const left = node.cordon === undefined ? undefined : planUncordon(node);
  if (left !== undefined) return { kind: 'uncordon', change: left };
  return isGranted ? { kind: 'grant' } : { kind: 'wait', message: waitsFor ?? 'it waits for its turn' };
}

/** The only node of a cluster is not emptied for a reboot: its pods could go nowhere, and come back with it. */
function drain({ node, isAlone, isDrainDisabled, onTimeout }: StepFacts, isFull: boolean): RolloutStep {
  if (isDrainDisabled) return { kind: 'complete', because: 'disabled' };
  if (isFull && isAlone) return { kind: 'complete', because: 'alone' };
  const { isOverdue } = node;
  if (isOverdue && onTimeout === 'release') return giveUp(node);
  const change = planCordon(node);
  if (change !== undefined) return { kind: 'cordon', change };
  const pods = isFull ? 'all' : 'withVfs';
  return isOverdue && onTimeout === 'force' ? { kind: 'evict', pods, force: true } : { kind: 'evict', pods };
}

/** First the node, then the slot, as at the end of a drain. */
function giveUp(node: RolloutNode): RolloutStep {
  const change = planUncordon(node);
  return change === undefined ? { kind: 'giveUp' } : { kind: 'uncordon', change };
}

/** A Node that was registered anew has lost its cordon, and pods would come while the daemon works. */
function keepClosed({ node, isAlone, isDrainDisabled }: StepFacts, isFull: boolean): RolloutStep {
  if (isDrainDisabled || (isFull && isAlone)) return NONE;
  const change = planCordon(node);
  return change === undefined ? NONE : { kind: 'cordon', change };
}

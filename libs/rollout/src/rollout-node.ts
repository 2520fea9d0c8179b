import { type DrainState } from '@sriov/drain-protocol';
import { type CordonRecord } from './cordon.ts';

/** What bears on the turn of one node. */
export interface RolloutNode {
  readonly name: string;
  /** What its annotations say, or a sentence about a value in them that cannot be. */
  readonly state: DrainState | string;
  /** Somebody else drains it. It takes a slot of its pool all the same. */
  readonly isExternal: boolean;
  /** Its kubelet is there and healthy. */
  readonly isReady: boolean;
  /** `spec.unschedulable` of the Node. */
  readonly isUnschedulable: boolean;
  /** What we have written on the Node about its cordon; absent where it is not ours. */
  readonly cordon?: CordonRecord | undefined;
  /** The drain was granted by us, not by another drainer before us. */
  readonly isOurGrant: boolean;
  /** An administrator allows its reboot although it is the only node, by an annotation. */
  readonly allowsReboot?: boolean | undefined;
  /** RFC 3339 time of its request; absent where the daemon does not tell, as upstream's does not. */
  readonly askedAt?: string | undefined;
  /** RFC 3339 time at which a drain of it that took too long was given up; absent where none was. */
  readonly releasedAt?: string | undefined;
  /** Its drain has taken longer than its pool allows. */
  readonly isOverdue: boolean;
  /** It has a slot, and was not ready for longer than its pool allows. */
  readonly isLost: boolean;
  /** RFC 3339 time before which it gets no turn, after its last drain was given up; absent when that is over. */
  readonly pausesUntil?: string | undefined;
  /** Why its slot could not be written a moment ago; absent where it could, or was not tried. */
  readonly refusedBecause?: string | undefined;
}

/** The node is being drained, or is drained: it has a slot. */
export function hasSlot({ state }: Pick<RolloutNode, 'state'>): boolean {
  return typeof state !== 'string' && state.progress !== 'Idle';
}

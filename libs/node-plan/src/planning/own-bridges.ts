import { type OvsBridge } from '@sriov/api';
import { type ObservedBridge } from '@sriov/observed-host';

/** A bridge that the operator has made or begun to make: the entry that was last applied or begun. */
export interface OwnBridge extends OvsBridge {
  /**
   * It is made with the operator's mark: one of its name that does not bear it is somebody else's. Absent where upstream
   * or an older version has made it.
   */
  readonly isMarked?: true | undefined;
}

/** Which bridges are the operator's. */
export interface BridgeFacts {
  /** By name. */
  readonly own: ReadonlyMap<string, OwnBridge>;
  /** Why nobody knows which those are: a sentence with the cure. */
  readonly damaged?: string;
}

/**
 * The facts without those that share no more than the name with a bridge that is there. A bridge is recorded before it
 * is made: where that failed, or it has gone since, somebody else can have made one of its name.
 */
export function withoutNamesakes(known: BridgeFacts, seen: readonly ObservedBridge[]): BridgeFacts {
  const unmarked = new Set(seen.filter(({ isMarked }) => isMarked !== true).map(({ name }) => name));
  return { ...known, own: new Map([...known.own].filter(([name, { isMarked }]) => !isMarked || !unmarked.has(name))) };
}

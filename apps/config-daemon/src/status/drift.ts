import { SYNC_STATUS, type SyncStatus } from '@sriov/api';

/** What a pass tells about drift. */
export interface PassForDrift {
  /** Generation of the node state that the pass was for. */
  readonly generation: number | undefined;
  readonly syncStatus: SyncStatus;
  /** The pass had something to do to the host, and tried it. */
  readonly hasActed: boolean;
}

/** What has become of drift in a pass. */
export interface DriftInPass {
  /** The host was as this spec wants it before, and the pass met it otherwise. */
  readonly isFound: boolean;
  /** The pass ended drift: the host is as the spec wants it again. */
  readonly isRepaired: boolean;
}

/**
 * Tells drift from the work on a new spec: a host drifts when it was as a spec wants it, and is not any more although the
 * spec is the same. Only what this process saw counts, so a host that lost its VFs in a reboot has not drifted.
 */
export class Drift {
  /** Generation of the spec that the host was as last. */
  #reached: number | 'none' | undefined = 'none';
  #isDrifted = false;

  /** True as long as the host has drifted and is not as the spec wants it. */
  get isDrifted(): boolean {
    return this.#isDrifted;
  }

  /** Takes a pass that has looked at the host to its end. */
  passed({ generation, syncStatus, hasActed }: PassForDrift): DriftInPass {
    const isInSync = syncStatus === SYNC_STATUS.succeeded;
    const wasReached = this.#reached === generation;
    const wasDrifted = wasReached && this.#isDrifted;
    const isFound = wasReached && !wasDrifted && (hasActed || syncStatus === SYNC_STATUS.failed);
    this.#isDrifted = !isInSync && (isFound || wasDrifted);
    if (isInSync) this.#reached = generation;
    return { isFound, isRepaired: isInSync && (isFound || wasDrifted) };
  }
}

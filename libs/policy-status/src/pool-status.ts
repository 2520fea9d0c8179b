import { REASON } from '@sriov/api';
import {
  type DecidedStatus,
  decideStatus,
  findUnfinished,
  type NodesFacts,
  type StatusVerdict,
} from './node-readiness.ts';

/** What the status of a pool is computed from. Its nodes are the managed nodes that its selector selects. */
export interface PoolFacts extends NodesFacts {
  /** The pool is for OVS hardware offload and groups no nodes. */
  readonly isForOffload: boolean;
}

/** Decides the status of a pool: Ready when every node in it is ready, Degraded when something is wrong. */
export function poolStatus(facts: PoolFacts): DecidedStatus {
  return decideStatus(facts.matched, findUnfinished(facts) ?? decide(facts));
}

function decide({ matched, isForOffload }: PoolFacts): StatusVerdict {
  if (isForOffload) {
    const message = 'spec.ovsHardwareOffloadConfig is for MachineConfigPools; as a pool it has no nodes';
    return { state: 'idle', reason: REASON.unsupported, message };
  }
  if (matched.length === 0) {
    const message = 'no managed node has the labels of spec.nodeSelector';
    return { state: 'idle', reason: REASON.noMatchingNodes, message };
  }
  return {
    state: 'ready',
    reason: REASON.poolReady,
    message: `nodes configured: ${matched.length} of ${matched.length}`,
  };
}

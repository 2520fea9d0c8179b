import { REASON, type Reason } from '@sriov/api';
import {
  type DecidedStatus,
  decideStatus,
  findUnfinished,
  type NodesFacts,
  type StatusVerdict,
} from './node-readiness.ts';

/** What the status of a policy is computed from. */
export interface PolicyFacts extends NodesFacts {
  /** Nodes whose labels the policy selects, whether or not they have a PF for it. */
  readonly selectedNodes: number;
  /** Why its selector matches no PF of these nodes, as a sentence. It is told where the policy configures nothing. */
  readonly mismatch?: string | undefined;
  /** The policy is paused. */
  readonly isPaused?: boolean;
}

/**
 * Decides the status of a policy: Ready when every node that it configures is ready, Degraded when something is wrong.
 */
export function policyStatus(facts: PolicyFacts): DecidedStatus {
  return decideStatus(facts.matched, findUnfinished(facts) ?? decide(facts));
}

function decide({ selectedNodes, matched, mismatch, isPaused = false }: PolicyFacts): StatusVerdict {
  if (selectedNodes === 0) return idle(REASON.noMatchingNodes, 'no managed node has the labels of spec.nodeSelector');
  if (matched.length === 0) {
    const message = `no PF on the selected nodes (${selectedNodes}) fits spec.nicSelector, or policies with precedence have all VFs`;
    return idle(REASON.noMatchingInterfaces, mismatch === undefined ? message : `${message}; ${mismatch}`);
  }
  return {
    state: 'ready',
    reason: REASON.policyApplied,
    message: `nodes configured: ${matched.length} of ${matched.length}${isPaused ? '; paused, so changes are held back' : ''}`,
  };
}

function idle(reason: Reason, message: string): StatusVerdict {
  return { state: 'idle', reason, message };
}
